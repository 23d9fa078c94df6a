"""What made an artefact: recipe, inputs, model, versions, seed and timings."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from clumpscope.errors import FolderError, expected_got
from clumpscope.files.regular import regular
from clumpscope.store.atomic import atomic

SCHEMA_VERSION = 1
_PACKAGES = ("clumpscope", "numpy", "astropy", "photutils", "torch", "torchvision", "timm")


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


@dataclass(frozen=True)
class RunManifest:
    """Provenance of one artefact; lies beside it as ``manifest.json``.

    ``inputs`` maps names to sha256 hashes or places; ``key`` is a hash of all that the result
    depends on, by which ``--resume`` knows a finished folder. ``timings`` (seconds) and ``created``
    differ between identical runs and are left out of byte comparisons.
    """

    command: str
    recipe: dict[str, Any]
    seed: int = 0
    key: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=_versions)
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    schema_version: int = SCHEMA_VERSION

    def write(self, folder: Path) -> None:
        """Write ``folder/manifest.json``."""
        with atomic(folder / "manifest.json") as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "RunManifest":
        """Read ``folder/manifest.json``.

        Raises
        ------
        StoreError
            If it is missing, damaged or of a newer schema.
        """
        path = folder / "manifest.json"
        try:
            content = json.loads(regular(path, FolderError).read_text())
            found = int(content["schema_version"])
        except FileNotFoundError:
            raise FolderError(f"{path}: no such file; is {folder} a sample or run?") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise FolderError(f"{path}: not a manifest: {error}") from error
        if found > SCHEMA_VERSION:
            raise FolderError(expected_got(path, f"schema version <= {SCHEMA_VERSION}", found))
        try:
            return cls(**content)
        except TypeError as error:
            raise FolderError(f"{path}: not a manifest: {error}") from error


def sha256_file(path: Path) -> str:
    """sha256 of a file, as hex.

    Raises
    ------
    FolderError
        If it is no regular file: others may have no end.
    OSError
        If it cannot be read.
    """
    with regular(path, FolderError).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_json(value: object) -> str:
    """sha256 of a value's canonical JSON, as hex."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
