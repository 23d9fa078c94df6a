"""Where models are: in the package, in the cache, and where the published ones come from."""

import os
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from clumpscope.errors import ModelError, expected_got

DEFAULT = "clumpscope-native"
FOR_PICTURES = "clumpscope-native"  # where a sample is pictures alone
_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,63}")


@dataclass(frozen=True)
class PublishedCheckpoint:
    """One checkpoint of Popp et al. 2024; ``sha256`` and ``size`` (bytes) are of the .pth file."""

    name: str
    file: str
    sha256: str
    size: int


REPOSITORY = "ou-astrophysics/Faster-R-CNN-for-Galaxy-Zoo-Clump-Scout"
LICENCE = (
    f"GPL-3.0, as the repository {REPOSITORY}; please cite Popp et al. 2024, RASTI 3, 174 "
    "(arXiv:2312.03503)"
)
# Files, hashes and sizes of the authors' repository (stored there with Git LFS).
PUBLISHED = {
    checkpoint.name: checkpoint
    for checkpoint in (
        PublishedCheckpoint(
            "imagenet-backbone",
            "Resnet_Imagenet_run20_20.pth",
            "ec9842b87a40003863eae5e0eddd4c4dfd1d5e4fac6a1c91f5bc24b2884f9ed3",
            165753974,
        ),
        PublishedCheckpoint(
            "imagenet-backbone-finetuned",
            "Resnet_Imagenet_trainable_run20_20.pth",
            "7d6bf9249e2b9d3a3aec3a639e65444078e521e5c1134653fb973d96bc4667f6",
            165757136,
        ),
        PublishedCheckpoint(
            "zoobot-clumps-backbone",
            "Zoobot_fine_tuned_run20_120.pth",
            "a8d219cc51ca559f7f0f183d9e93f39dc351590c0d5fe8e4454b751337bfd8a4",
            165754865,
        ),
        PublishedCheckpoint(
            "zoobot-backbone",
            "Zoobot_pre_trained_run20_120.pth",
            "13951d78313b66a02885887aec8c0103f2214eb6d70273bc079edb3ac7e6ee8a",
            165755290,
        ),
        PublishedCheckpoint(
            "zoobot-backbone-finetuned",
            "Zoobot_pre_trained_trainable_run20_120.pth",
            "d83a6ccf69fb648b5bd9b10f095a28e25e9f5f5666f135a700a5a1ade577af7c",
            165758324,
        ),
    )
}


def cache_folder() -> Path:
    """``$CLUMPSCOPE_CACHE``, else ``~/.cache/clumpscope``."""
    named = os.environ.get("CLUMPSCOPE_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "clumpscope"


def model_folder() -> Path:
    """Folder of the models that were imported or fetched."""
    return cache_folder() / "models"


def check_name(name: str) -> str:
    """Return ``name`` if it is safe as a file name (``[A-Za-z0-9._+-]{1,64}``, no dot first).

    Raises
    ------
    ModelError
        If it is not.
    """
    if not _NAME.fullmatch(name):
        raise ModelError(
            expected_got(
                "model name",
                "1 to 64 characters of A-Z a-z 0-9 . _ + -, not starting with a dot",
                repr(name),
            )
        )
    return name


def packaged_models() -> dict[str, Path]:
    """Models that ship with the package, by name."""
    return _by_name(Path(str(files("clumpscope") / "models")))


def cached_models() -> dict[str, Path]:
    """Models imported or fetched into the cache, by name."""
    return _by_name(model_folder())


def _by_name(folder: Path) -> dict[str, Path]:
    # A name with a dot first is a file that was not written to its end.
    found = sorted(folder.glob("*.safetensors"))
    return {path.stem: path for path in found if not path.name.startswith(".")}


def find_model(name: str | None, *, pictures: bool = False) -> Path:
    """Find the file of a model: a path, a packaged or cached name, or for ``None`` the default.

    The default is another one for ``pictures``.

    A packaged name always means the packaged file.

    Raises
    ------
    ModelError
        If there is no such model; the message says how to get it.
    """
    known = {**cached_models(), **packaged_models()}
    if name is None:
        name = FOR_PICTURES if pictures else DEFAULT
    elif Path(name).is_file():
        return Path(name)
    if name in known:
        return known[name]
    if name in PUBLISHED:
        raise ModelError(
            f"model {name} is published but not here: run 'clumpscope models fetch {name}', or "
            f"'clumpscope models import {PUBLISHED[name].file} --as {name}' on a copy of its file"
        )
    raise ModelError(expected_got("model", f"a file or one of {', '.join(known) or 'none'}", name))
