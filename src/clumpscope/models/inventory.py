"""Models that are here or could be, what they say of themselves."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from clumpscope.errors import ModelError
from clumpscope.models.header import read_header
from clumpscope.models.registry import LICENCE, PUBLISHED, cached_models, packaged_models


class Where(StrEnum):
    """Where a model is."""

    PACKAGED = "packaged"
    CACHED = "cached"
    PUBLISHED = "published, not here"


@dataclass(frozen=True)
class ModelEntry:
    """One line of the list of models.

    Attributes
    ----------
    name
        To be given as ``--model``.
    where
        In the package, in the cache, or only at its authors'.
    path
        The file; ``None`` if it is not here.
    size
        Bytes, of the file or of what would be downloaded.
    family, licence
        From the file's spec, or as published; empty if the file cannot be read.
    problem
        Why the file cannot be used; empty if it can.
    """

    name: str
    where: Where
    path: Path | None
    size: int
    family: str = "published"
    licence: str = ""
    problem: str = ""


def inventory() -> list[ModelEntry]:
    """List packaged models, then cached ones, then published ones that are not here.

    Reads headers only and loads no torch; a damaged file becomes an entry with its problem.
    """
    packaged, cached = packaged_models(), cached_models()
    entries = [_entry(name, Where.PACKAGED, path) for name, path in packaged.items()]
    entries += [
        _entry(name, Where.CACHED, path) for name, path in cached.items() if name not in packaged
    ]
    entries += [
        ModelEntry(checkpoint.name, Where.PUBLISHED, None, checkpoint.size, licence=LICENCE)
        for checkpoint in PUBLISHED.values()
        if checkpoint.name not in cached
    ]
    return entries


def _entry(name: str, where: Where, path: Path) -> ModelEntry:
    try:
        header = read_header(path)
    except ModelError as error:
        size = path.stat().st_size if path.exists() else 0
        return ModelEntry(name, where, path, size, family="", problem=str(error))
    spec = header.spec
    return ModelEntry(name, where, path, header.size, spec.architecture.family, spec.licence)
