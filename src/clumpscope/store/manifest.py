"""What made an artefact: recipe, inputs, model, versions, seed and timings."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, InstanceOf, TypeAdapter, ValidationError

from clumpscope.config.recipe import problems
from clumpscope.errors import FolderError, expected_got
from clumpscope.files.regular import regular
from clumpscope.store.atomic import atomic
from clumpscope.store.json_text import parse_json

SCHEMA_VERSION = 1
Text = InstanceOf[str]  # of any kind: a path need not be UTF-8
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

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    command: str
    recipe: dict[str, Any]
    seed: int = 0
    key: str = ""
    inputs: dict[Text, Text] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    counts: dict[Text, int] = field(default_factory=dict)
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
            content = parse_json(regular(path, FolderError).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FolderError(f"{path}: no such file; is {folder} a sample or run?") from None
        except (OSError, ValueError) as error:
            raise FolderError(f"{path}: not a manifest: {error}") from error
        if not isinstance(content, dict):
            got = f"not a manifest: expected a JSON object, got {type(content).__name__}"
            raise FolderError(f"{path}: {got}")
        found = content.get("schema_version", SCHEMA_VERSION)
        if isinstance(found, int) and found > SCHEMA_VERSION:
            raise FolderError(expected_got(path, f"schema version <= {SCHEMA_VERSION}", found))
        try:
            return _MANIFEST.validate_python(content)
        except ValidationError as error:
            raise FolderError(f"{path}: not a manifest: {problems(error)}") from error

    def threshold(self, folder: Path) -> float:
        """Score threshold that the run in ``folder`` applied.

        Raises
        ------
        FolderError
            If the manifest does not say it.
        """
        found = self.model.get("threshold")
        if isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found <= 1:
            return float(found)
        what = f"{folder / 'manifest.json'}: model.threshold"
        raise FolderError(expected_got(what, "a number from 0 to 1", repr(found)))


_MANIFEST = TypeAdapter(RunManifest)


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
