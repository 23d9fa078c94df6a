"""What is there, what is missing and how to get it: versions, devices, cache, models, dust."""

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from clumpscope.models.registry import DEFAULT, cache_folder, cached_models, packaged_models

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

_LOW_DISK_GIB = 2.0
_REINSTALL = "install clumpscope again in a new virtual environment"


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes
    ----------
    name
        What was looked at.
    state
        ``ok``; ``missing``: something that clumpscope needs is not there; ``warning``: it
        works, but less well.
    detail
        What was found.
    remedy
        What to do; empty if all is well.
    """

    name: str
    state: Literal["ok", "missing", "warning"]
    detail: str
    remedy: str = ""


def fetch_reference(name: str) -> list[Path]:
    """Bring dust maps or a published catalogue into the cache: names of `REFERENCES`.

    Raises
    ------
    ClumpscopeError
        See `clumpscope.net.reference.bring_reference`.
    """
    from clumpscope.net.reference import bring_reference

    return bring_reference(name, cache_folder() / name)


def doctor(dust_map: str | None = None) -> list[Check]:
    """Look the installation over.

    Parameters
    ----------
    dust_map
        Folder of the dust maps; ``None`` looks in ``$SFD_DIR``, then in the cache.

    Returns
    -------
    One or more findings for each thing; a broken package is a finding, never an error.
    """
    return [
        *_guarded("python and packages", _packages),
        *_guarded("devices", _devices),
        *_guarded("cache", _cache),
        *_guarded("models", _models),
        *_guarded("dust maps", lambda: _dust(dust_map or _dust_folder())),
        *_guarded("disk", _disk),
    ]


def _guarded(name: str, probe: Callable[[], Iterator[Check]]) -> list[Check]:
    try:
        return list(probe())
    except ImportError as error:
        return [Check(name, "missing", f"a package does not load: {error}", _REINSTALL)]
    except OSError as error:
        return [Check(name, "warning", str(error), "see that the place can be read")]


def _packages() -> Iterator[Check]:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    wanted = metadata.metadata("clumpscope")["Requires-Python"]
    python = platform.python_version()
    good = SpecifierSet(wanted).contains(python, prereleases=True)
    yield Check(
        "python",
        "ok" if good else "missing",
        python,
        "" if good else f"install Python {wanted}",
    )
    yield Check("clumpscope", "ok", metadata.version("clumpscope"))
    for line in metadata.requires("clumpscope") or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _package(requirement.name, requirement.specifier)


def _package(name: str, specifier: "SpecifierSet") -> Check:
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check(name, "missing", "not installed", f"pip install '{name}{specifier}'")
    if not specifier.contains(found, prereleases=True):
        return Check(
            name,
            "missing",
            f"{found}, but clumpscope needs {specifier}",
            f"pip install '{name}{specifier}'",
        )
    return Check(name, "ok", found)


def _devices() -> Iterator[Check]:
    from clumpscope.detector.device import devices

    for line in devices():
        device, _, detail = line.partition(", ")
        yield Check(f"device {device}", "ok", detail or "available")


def _cache() -> Iterator[Check]:
    folder = cache_folder()
    if not folder.is_dir():
        yield Check("cache", "ok", f"{folder} (made by the first download)")
    elif os.access(folder, os.W_OK):
        yield Check("cache", "ok", str(folder))
    else:
        yield Check(
            "cache",
            "warning",
            f"{folder} cannot be written",
            "set CLUMPSCOPE_CACHE to a folder of your own",
        )


def _models() -> Iterator[Check]:
    packaged = packaged_models()
    shipped = DEFAULT in packaged
    yield Check(
        "packaged model",
        "ok" if shipped else "missing",
        ", ".join(packaged) if shipped else f"{DEFAULT} is not in the package",
        "" if shipped else _REINSTALL,
    )
    cached = cached_models()
    yield Check(
        "other models",
        "ok",
        ", ".join(cached) or "none; the packaged model is enough for a start",
        "" if cached else "the published ones: clumpscope models list, clumpscope models fetch",
    )


def _dust_folder() -> str | None:
    cached = cache_folder() / "dust"
    return os.environ.get("SFD_DIR") or (str(cached) if cached.is_dir() else None)


def _dust(folder: str | None) -> Iterator[Check]:
    from clumpscope.ops.extinction import MAP_FILES

    remedy = (
        f"clumpscope doctor --fetch dust, or put {' and '.join(MAP_FILES)} (Schlegel, Finkbeiner & "
        "Davis 1998) in a folder; name the folder in the recipe: dust_map under [catalogue]; or "
        "give ebv in the host table"
    )
    if not folder:
        yield Check("dust maps", "warning", "no folder named", remedy)
        return
    absent = [name for name in MAP_FILES if not (Path(folder).expanduser() / name).is_file()]
    if absent:
        yield Check("dust maps", "warning", f"{folder} lacks {', '.join(absent)}", remedy)
    else:
        yield Check("dust maps", "ok", f"{folder} (name it in the recipe's [catalogue] dust_map)")


def _disk() -> Iterator[Check]:
    for name, folder in (("working folder", Path.cwd()), ("cache", cache_folder())):
        place = folder
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free / 2**30
        low = free < _LOW_DISK_GIB
        yield Check(
            f"disk of {name}",
            "warning" if low else "ok",
            f"{free:.1f} GiB free",
            f"make room: below {_LOW_DISK_GIB:.0f} GiB a run may fail" if low else "",
        )
