"""
A model that comes from Ultralytics, fetched by its package: one that it publishes, one of yours.

    yolo26n.pt                                 a release of theirs
    ul://user/project/model                    yours, at Ultralytics Platform
    https://platform.ultralytics.com/…         the same, as the browser shows it
    https://hub.ultralytics.com/models/ID      yours, at Ultralytics HUB

The last two need a key in the variable `ULTRALYTICS_API_KEY`. Nobody vouches for such a file, so
that it needs `model.sha256`, or `model.trust`. What the package fetches goes through none of
the code that `YOLO_OFFLINE` switches off (its update check and its telemetry), so that stays off.

Ultralytics 8.4 no longer knows HUB, which is one request: `GET /v1/models/ID` with the header
`x-api-key` answers with the address of the weights (hub-sdk 0.0.25, `Models.get_weights_url`).
"""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from frames.errors import ConfigError, UnavailableError
from workers.model_source import OnProgress
from workers.training.ultralytics_import import import_ultralytics

KEY = "ULTRALYTICS_API_KEY"
PLATFORM = ("ul://", "https://platform.ultralytics.com/")
HUB = "https://hub.ultralytics.com/models/"
HUB_API_VARIABLE = "ULTRALYTICS_HUB_API"
"""As hub-sdk calls it; for tests, and for a HUB of one's own."""
REQUEST_S = 30.0


@dataclass(frozen=True, slots=True)
class UltralyticsSource:
    """One model at Ultralytics, as `model.path` names it."""

    text: str

    @property
    def name(self) -> str:
        last = PurePosixPath(self.text.rstrip("/")).name
        return last if last.endswith(".pt") else f"{last}.pt"

    def version(self) -> str:
        """Its name: a release never changes, and a training that goes on is another model."""
        return self.text

    def manifest(self) -> None:
        """There is none."""

    def fetch(self, folder: Path, on_progress: OnProgress) -> None:
        """See `Source.fetch`. How much has arrived is not known on the way."""
        on_progress(None)
        import_ultralytics()
        from ultralytics.utils.downloads import GITHUB_ASSETS_NAMES, attempt_download_asset, safe_download

        file = folder / self.name
        url = self._address()
        if url is None and self.name not in GITHUB_ASSETS_NAMES:
            raise ConfigError(
                f"model.path: {self.text}: no such file, nor does Ultralytics publish a model of this name"
            )
        try:
            if url is None:
                attempt_download_asset(file, retry=0, progress=False, unzip=False)
            else:
                safe_download(url, file, unzip=False, retry=0, progress=False)
        except (ConnectionError, MemoryError) as error:  # the latter: too little space on the disk
            # Its message may hold the address, which is signed: who has it may read the model.
            kind = type(error.__cause__ or error).__name__
            raise UnavailableError(f"model.path: {self.text}: not downloaded: {kind}") from None
        if not file.exists():
            raise UnavailableError(f"model.path: {self.text}: Ultralytics sent nothing")

    def _address(self) -> str | None:
        """Where the weights are, signed for a while; None for a published model."""
        if self.text.startswith(HUB):
            return self._at_hub(self._key())
        if self.text.startswith(PLATFORM):
            self._key()  # the package reads it itself
            return self._at_platform()
        return None

    def _key(self) -> str:
        if key := os.environ.get(KEY):
            return key
        raise ConfigError(f"model.path: {self.text}: needs your key at Ultralytics in the variable {KEY}")

    def _at_platform(self) -> str:
        from ultralytics.utils.checks import normalize_platform_uri, resolve_platform_uri

        text = self.text if self.text.startswith("ul://") else "ul://" + self.text.removeprefix(PLATFORM[1])
        try:
            address: str = resolve_platform_uri(normalize_platform_uri(text.rstrip("/")))
        except (ConnectionError, TypeError, KeyError):  # the latter two: a proxy's page in place of an answer
            raise UnavailableError(f"model.path: {self.text}: Ultralytics Platform does not answer") from None
        except (ValueError, PermissionError, FileNotFoundError, RuntimeError) as error:
            raise ConfigError(f"model.path: {self.text}: refused: {type(error).__name__}") from None
        return address

    def _at_hub(self, key: str) -> str:
        import requests

        api = os.environ.get(HUB_API_VARIABLE, "https://api.ultralytics.com")
        try:
            answer = requests.get(
                f"{api}/v1/models/{self.text.removeprefix(HUB)}",
                headers={"x-api-key": key},
                timeout=REQUEST_S,
                allow_redirects=False,  # the key would follow to another host
            )
            found = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError) as error:
            raise UnavailableError(
                f"model.path: {self.text}: Ultralytics HUB does not answer: {type(error).__name__}"
            ) from None
        if answer.status_code >= 500 or answer.status_code == 429:
            raise UnavailableError(f"model.path: {self.text}: Ultralytics HUB answers {answer.status_code}")
        address = (found.get("data") or {}).get("weights")
        if not isinstance(address, str) or not address.startswith(api.partition("://")[0] + "://"):
            raise ConfigError(
                f"model.path: {self.text}: Ultralytics HUB has no weights for us ({answer.status_code}); "
                f"check the model and the key in {KEY}"
            )
        return address
