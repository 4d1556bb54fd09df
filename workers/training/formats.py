"""
The formats of a model, and how each is written.
"""

import json
import tempfile
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import yaml

from frames.errors import ConfigError
from workers.openvino_import import import_openvino
from workers.training.ultralytics_import import import_ultralytics

Head = Literal["end-to-end", "one-to-many"]

OPSET = 17
"""The newest that the exporter of `torch.onnx` without dynamo writes, and old enough for every engine."""

ENDINGS = {
    "onnx": ".onnx",
    "openvino": "_openvino_model",
    "torchscript": ".torchscript",
    "engine": ".engine",
}
"""By format, how its file or folder is called: by this Ultralytics knows them too."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A loaded model, and what is fixed of it."""

    model: Any
    labels: tuple[str, ...]
    width: int
    height: int
    head: Head

    @property
    def metadata(self) -> dict[str, Any]:
        """What Ultralytics expects of every format, in its own words."""
        return {
            "task": "detect",
            "names": dict(enumerate(self.labels)),
            "stride": 32,
            "batch": 1,
            "imgsz": [self.height, self.width],
            "end2end": self.head == "end-to-end",
            "license": "AGPL-3.0",
        }

    def prepared(self) -> Any:
        """An example input, after fusing layers and laying out the anchors for its size."""
        import torch

        self.model.fuse(verbose=False)
        detect = self.model.model[-1]
        detect.export, detect.format, detect.dynamic = True, "onnx", False
        example = torch.zeros(1, 3, self.height, self.width)
        with torch.no_grad():
            self.model(example)
        return example


def _write_onnx(graph: Graph, output: Path) -> None:
    import onnx
    import torch

    example = graph.prepared()
    with torch.no_grad(), warnings.catch_warnings():
        # The new exporter would need onnxscript, and writes the paths of source files into the graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.model,
            (example,),
            output,
            input_names=["images"],
            output_names=["output0"],
            opset_version=OPSET,
            dynamo=False,
        )
    written = onnx.load(output)
    onnx.helper.set_model_props(written, {key: str(value) for key, value in graph.metadata.items()})
    onnx.save(written, output)


def _write_openvino(graph: Graph, output: Path) -> None:
    openvino = import_openvino()
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        onnx_file = Path(folder) / "model.onnx"
        _write_onnx(graph, onnx_file)
        network = openvino.convert_model(onnx_file)
    name = output.name.removesuffix(ENDINGS["openvino"])
    openvino.save_model(network, output / f"{name}.xml", compress_to_fp16=False)
    (output / "metadata.yaml").write_text(yaml.safe_dump(graph.metadata))


def _write_torchscript(graph: Graph, output: Path) -> None:
    import torch

    example = graph.prepared()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of branches that depend on shapes, which are fixed here
        traced = torch.jit.trace(graph.model, example, strict=False, check_trace=False)
        traced.save(str(output), _extra_files={"config.txt": json.dumps(_in_json(graph.metadata))})


def _write_engine(graph: Graph, output: Path) -> None:
    from ultralytics.utils.export.engine import onnx2engine

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        onnx_file = Path(folder) / "model.onnx"
        _write_onnx(graph, onnx_file)
        try:
            onnx2engine(
                str(onnx_file),
                output,
                quantize=16,
                shape=(1, 3, graph.height, graph.width),
                metadata=_in_json(graph.metadata),
            )
        except (RuntimeError, ValueError) as error:
            raise ConfigError(f"{output}: TensorRT cannot build it: {error}") from error


def _in_json(metadata: dict[str, Any]) -> dict[str, Any]:
    """With the labels as text: JSON would turn their numbers into text, and those are looked up."""
    return metadata | {"names": str(metadata["names"])}


def _check_openvino() -> None:
    if find_spec("openvino") is None:
        raise ConfigError("OpenVINO is not installed: pip install 'detectscale[openvino]'")


def _check_tensorrt() -> None:
    import_ultralytics()
    import torch

    if not torch.cuda.is_available():
        raise ConfigError("export: TensorRT builds an engine on the GPU it is for, and this machine has none")
    if find_spec("tensorrt") is None:
        raise ConfigError("TensorRT is not installed: pip install tensorrt")


@dataclass(frozen=True, slots=True)
class Writer:
    """How a format is written."""

    write: Callable[[Graph, Path], None]
    check: Callable[[], None] = lambda: None
    """Raises ConfigError where this machine cannot."""


WRITERS = {
    "onnx": Writer(_write_onnx),
    "openvino": Writer(_write_openvino, _check_openvino),
    "torchscript": Writer(_write_torchscript),
    "engine": Writer(_write_engine, _check_tensorrt),
}
