"""
The model in training, its optimiser and the running average of its weights.

Sources: YOLO26's two heads, whose losses change weights with the epochs (Ultralytics,
`E2ELoss`); AdamW (arXiv:1711.05101); learning rate along a cosine after a warm-up
(arXiv:1608.03983, arXiv:1706.02677); averaged weights as the result (arXiv:1703.01780).
"""

import hashlib
import io
import math
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from workers.training.augment import View, letterbox
from workers.training.checkpoint import replace_file
from workers.training.course import TrainSettings
from workers.training.dataset import Example
from workers.training.evaluate import Box, MeanAveragePrecision, mean_average_precision
from workers.training.ultralytics_import import import_ultralytics

WEIGHT_DECAY = 0.0005
WARM_UP = 0.05
"""Part of all steps over which the learning rate rises."""
AVERAGED_STEPS = 300
"""How many steps the averaged weights look back."""
LARGEST_GRADIENT = 10.0
VALIDATION_BATCH = 16
LEAST_SCORE = 0.001
"""Detections below this score are left out of the average precision: they no longer change it."""


class Trainer:
    """Takes steps, validates and saves."""

    def __init__(self, settings: TrainSettings, labels: Sequence[str], steps: int, device: str) -> None:
        """
        Build the model with random weights on *device*, for *steps* steps in all.

        Where `torch.distributed` is initialised, gradients are averaged over its processes.
        """
        import_ultralytics()
        import torch
        from ultralytics.cfg import get_cfg
        from ultralytics.nn.tasks import DetectionModel

        torch.manual_seed(settings.seed)
        self._torch, self._settings, self._labels, self._steps = torch, settings, tuple(labels), steps
        model = DetectionModel(settings.architecture, nc=len(labels), verbose=False)
        model.names = dict(enumerate(labels))
        model.args = get_cfg(overrides={"epochs": settings.epochs})
        self._device = device
        self._model = model.to(device, memory_format=torch.channels_last)
        self._average = deepcopy(self._model).eval().requires_grad_(False)
        self._average.end2end = True
        shared = torch.distributed.is_available() and torch.distributed.is_initialized()
        self._replica = torch.nn.parallel.DistributedDataParallel(model) if shared else model
        self._optimizer = torch.optim.AdamW(_groups(model), lr=settings.learning_rate)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, self._share_of_rate)
        self._taken = 0

    def begin_epoch(self, number: int, rank: int) -> None:
        """Seed what the model itself draws, so that an epoch is the same after a restart."""
        seed = np.random.SeedSequence([self._settings.seed, number, rank]).generate_state(1)
        self._torch.manual_seed(int(seed[0]))

    def take_step(self, views: Sequence[View]) -> float:
        """Learn from one batch, and return its loss per image."""
        self._model.train()
        with self._autocast():
            losses, _ = self._replica(self._batch(views))
        loss = losses.sum() / len(views)
        self._optimizer.zero_grad()
        loss.backward()
        self._torch.nn.utils.clip_grad_norm_(self._model.parameters(), LARGEST_GRADIENT)
        self._optimizer.step()
        self._schedule.step()
        self._taken += 1
        self._update_average()
        return float(loss.detach())

    def end_epoch(self) -> None:
        """Shift weight from the loss of the one-to-many head to that of the end-to-end head."""
        self._model.criterion.update()

    def validate(self, examples: Sequence[Example]) -> MeanAveragePrecision:
        """Measure the averaged weights through the end-to-end head."""
        truths: list[list[tuple[str, Box]]] = []
        detections: list[list[tuple[str, float, Box]]] = []
        for start in range(0, len(examples), VALIDATION_BATCH):
            batch = examples[start : start + VALIDATION_BATCH]
            views = [letterbox(example, self._settings.width, self._settings.height) for example in batch]
            with self._torch.inference_mode(), self._autocast():
                found = self._average(self._images(views))[0].float().cpu().tolist()
            truths += [self._truths(view) for view in views]
            detections += [self._detections(rows) for rows in found]
        return mean_average_precision(truths, detections, self._labels)

    def save(self, path: Path) -> None:
        """Write the averaged weights at half precision, without optimiser, paths and dates."""
        model = deepcopy(self._average).half()
        model.criterion, model.args = None, {"task": "detect"}
        # Not straight to the file: torch would put the file's name into it.
        content = io.BytesIO()
        self._torch.save({"model": model, "train_args": {"task": "detect"}}, content)
        replace_file(path, content.getvalue())

    def digest(self) -> str:
        """SHA-256, in hex, of the parameters and of their average, bit by bit."""
        sha256 = hashlib.sha256()
        for parameter in (*self._model.parameters(), *self._average.parameters()):
            sha256.update(parameter.detach().cpu().numpy().tobytes())
        return sha256.hexdigest()

    def state(self) -> dict[str, Any]:
        """Everything that the steps have changed, for `restore`; tensors are not copied."""
        return {
            "model": self._model.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any], epochs: int) -> None:
        """
        Go on from *state*, which another trainer had after *epochs* epochs.

        Raises:
            Exception: Of any kind where *state* is not of this model; the trainer is then unusable.
        """
        if epochs > self._settings.epochs:
            raise ValueError(f"epoch {epochs} of {self._settings.epochs}")
        self._model.load_state_dict(state["model"])
        self._average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        for parameter, moments in self._optimizer.state.items():
            if any(moment.shape not in (parameter.shape, ()) for moment in moments.values()):
                raise ValueError("the optimiser's state is of another model")
        self._taken = self._steps * epochs // self._settings.epochs
        self._schedule.last_epoch = self._taken
        self._model.criterion = self._model.init_criterion()
        for _ in range(epochs):
            self._model.criterion.update()

    def _truths(self, view: View) -> list[tuple[str, Box]]:
        rows = zip(view.classes.tolist(), view.boxes.tolist(), strict=True)
        return [(self._labels[class_id], (x1, y1, x2, y2)) for class_id, (x1, y1, x2, y2) in rows]

    def _detections(self, rows: list[list[float]]) -> list[tuple[str, float, Box]]:
        return [
            (self._labels[int(class_id)], score, (x1, y1, x2, y2))
            for x1, y1, x2, y2, score, class_id in rows
            if score >= LEAST_SCORE
        ]

    def _update_average(self) -> None:
        """Move the averaged weights towards the current ones; faster at first, when those are better."""
        share = 1 / min(AVERAGED_STEPS, 1 + self._taken / 4)
        current = self._model.state_dict()
        for name, value in self._average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(current[name], share)
            else:
                value.copy_(current[name])

    def _share_of_rate(self, step: int) -> float:
        """Rise in a line, then fall along half a cosine to a hundredth."""
        warm = max(1, round(WARM_UP * self._steps))
        if step < warm:
            return (step + 1) / warm
        return 0.01 + 0.99 * (1 + math.cos(math.pi * (step - warm) / max(1, self._steps - warm))) / 2

    def _batch(self, views: Sequence[View]) -> dict[str, Any]:
        """Build what Ultralytics' loss takes: boxes as middle and size, in parts of the image's size."""
        boxes = np.concatenate([view.boxes for view in views])
        size = np.array([self._settings.width, self._settings.height], np.float32)
        middles, sides = (boxes[:, :2] + boxes[:, 2:]) / 2 / size, (boxes[:, 2:] - boxes[:, :2]) / size
        return {
            "img": self._images(views),
            "batch_idx": self._tensor(np.repeat(np.arange(len(views)), [len(view.boxes) for view in views])),
            "cls": self._tensor(np.concatenate([view.classes for view in views])[:, None]),
            "bboxes": self._tensor(np.concatenate([middles, sides], axis=1)),
        }

    def _images(self, views: Sequence[View]) -> Any:
        # (B, H, W, 3) seen as (B, 3, H, W) is what torch calls channels_last: nothing is copied.
        return self._tensor(np.stack([view.image for view in views])).permute(0, 3, 1, 2).float() / 255

    def _tensor(self, values: Any) -> Any:
        return self._torch.from_numpy(values).to(self._device)

    def _autocast(self) -> Any:
        device = self._torch.device(self._device).type
        return self._torch.autocast(device, self._torch.bfloat16, enabled=self._has_bfloat16(device))

    def _has_bfloat16(self, device: str) -> bool:
        """Say whether bfloat16 is fast here: a CPU without the instructions emulates it, slowly."""
        if device == "cuda":
            return bool(self._torch.cuda.is_bf16_supported())
        capabilities = self._torch.cpu.get_capabilities()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _groups(model: Any) -> list[dict[str, Any]]:
    """Decay matrices and kernels, but neither biases nor the scales of normalisations."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
