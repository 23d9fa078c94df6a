"""Own files as a survey to cut galaxies out of."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.ingest import IngestConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.config.survey import SurveyProfile
from clumpscope.core.cards import is_number
from clumpscope.core.field import Band
from clumpscope.errors import FrameError, ImageError, expected_got, reason
from clumpscope.ops.common_grid import grid_band, share_sky
from clumpscope.ops.footprint import Footprint, best_of
from clumpscope.stages.ingest.band import load_bands
from clumpscope.stages.ingest.extensions import Extension, extensions
from clumpscope.stages.ingest.headers import looked_at, wcs_of
from clumpscope.stages.ingest.layout import FieldFiles, grouped, parts
from clumpscope.stages.ingest.recognise import profile_of
from clumpscope.stages.ingest.understood import Understood


@dataclass(frozen=True, eq=False)
class OwnFiles:
    """Galaxies and fields in files of one survey.

    Attributes
    ----------
    survey
        Name of the profile; empty if the files are of no known survey.
    places
        Where each field lies: what can be used.
    failed
        What cannot, with the reason, by the name of the galaxy or file.
    understood
        Of each field read so far, what was made of its bands.
    unused
        What was given and is of no use, such as files without any image, a sentence each.
    """

    survey: str
    profile: SurveyProfile
    config: IngestConfig
    limits: LimitsConfig
    files: Mapping[str, FieldFiles]
    places: Mapping[str, Footprint]
    failed: Mapping[str, str]
    understood: dict[str, list[Understood]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    @classmethod
    def of(cls, paths: Iterable[Path], config: IngestConfig, limits: LimitsConfig) -> "OwnFiles":
        """Look at the headers of files.

        Raises
        ------
        RecipeError
            If the profile asked for does not exist.
        FrameError
            If the files are of several surveys.
        """
        failed: dict[str, str] = {}
        looked: dict[Path, list[Extension]] = {}
        for path in paths:
            try:
                looked[path] = extensions(path, limits)
            except FrameError as error:
                failed[_named(path, failed)] = str(error)
        every = [one for found in looked.values() for one in found]
        survey, profile = profile_of(every, config.survey)
        members = []
        for path, found in looked.items():
            try:
                members += parts(found, profile, config) if found else []
            except FrameError as error:
                failed[_named(path, failed)] = str(error)
        unused = tuple(
            f"{path}: passed over: no image in it"
            for path, found in looked.items()
            if path not in {part.layer.extension.path for part in members}
            and not any(one.shape for one in found)
        )
        files: dict[str, FieldFiles] = {}
        places: dict[str, Footprint] = {}
        for name, one in grouped(members, config).items():
            try:
                if isinstance(one, FrameError):
                    raise one
                places[name] = _place(one, config)
                files[name] = one
            except Exception as error:  # one bad galaxy never stops a command
                failed[name] = reason(error)
        unused += _bands_not_there(config, files.values())
        return cls(survey, profile, config, limits, files, places, failed, {}, unused)

    @property
    def paths(self) -> list[Path]:
        """Files that are used."""
        bands = (band for one in self.files.values() for band in one.bands.values())
        return sorted({path for band in bands for path in band.paths})

    def fields(
        self, ids: Sequence[str], ra: NDArray[np.float64], dec: NDArray[np.float64]
    ) -> list[str | FrameError]:
        """Each target's own image, else where its position is farthest from the edges."""
        found: list[str | FrameError] = []
        nearest: list[str | None] = best_of(self.places, ra, dec)
        for name, key, a, d in zip(ids, nearest, ra, dec, strict=True):
            if name in self.failed and name not in self.places:
                found.append(FrameError(self.failed[name]))
                continue
            place = name if name in self.places else key
            got = f"ra {a:.6f}, dec {d:.6f}"
            found.append(place or FrameError(expected_got("target", "a place on an image", got)))
        return found

    def only(self, name: str) -> "OwnFiles":
        """Files of one field."""
        files, places = {name: self.files[name]}, {name: self.places[name]}
        return replace(self, files=files, places=places, failed={}, understood={})

    def load(self, name: str) -> dict[str, Band]:
        """Read a field's bands; what was made of them goes to ``understood``.

        Raises
        ------
        ClumpscopeError
            If one cannot be used.
        """
        bands, rows = load_bands(self.files[name], self.profile, self.config, self.limits)
        self.understood[name] = rows
        own = self.grid_band(bands)
        apart = [band for band in bands if not share_sky(bands[band].frame, bands[own].frame)]
        why = f"left out: it shows none of the sky of band {own}"
        self.understood[name] = [
            replace(row, notes="; ".join(filter(None, [why, row.notes])))
            if row.band in apart
            else row
            for row in rows
        ]
        return {band: one for band, one in bands.items() if band not in apart}

    def grid_band(self, bands: Mapping[str, Band]) -> str:
        """The band whose pixels are kept."""
        frames = {name: band.frame for name, band in bands.items()}
        return grid_band(frames, self.config.grid_band)

    def plan(self) -> list[Understood]:
        """What would be made of each band, as far as headers say."""
        return [
            row
            for name, one in self.files.items()
            for row in looked_at(one, self.profile, self.config, self.limits)
        ]

    def whole(self) -> dict[str, tuple[float, float]]:
        """Fields so small that each is one galaxy, with the galaxy's position, degrees.

        That is RA and DEC of the header, if they lie on the image, else its middle.
        """
        most = self.config.whole_arcsec
        return {
            name: self._host(name)
            for name, place in self.places.items()
            if max(place.shape) * place.side_arcsec <= most
        }

    def _host(self, name: str) -> tuple[float, float]:
        place = self.places[name]
        image = next(iter(self.files[name].bands.values())).image
        ra, dec = (image.extension.shared.get(card) for card in ("RA", "DEC"))
        if is_number(ra) and is_number(dec) and abs(dec) <= 90:
            ny, nx = place.shape
            # A pointing is a hair off the middle; a host is where it is.
            if place.margin(ra, dec)[0] > min(ny, nx) / 4:
                return float(ra), float(dec)
        return place.centre


def _named(path: Path, taken: Container[str]) -> str:
    """A file's name; with its folder, or all of them, if another one is called so."""
    names = (path.name, f"{path.parent.name}/{path.name}")
    return next((name for name in names if name not in taken), str(path))


def _bands_not_there(config: IngestConfig, files: Iterable[FieldFiles]) -> tuple[str, ...]:
    """What is said of bands that no file is of, such as ``G`` for ``g``."""
    asked = config.zero_point if isinstance(config.zero_point, dict) else {}
    there = {band: None for one in files for band in one.bands}
    missing = [band for band in asked if band not in there]
    if not missing:
        return ()
    said = f"zero_point of band {', '.join(missing)} is not used"
    return (f"{said}: files are of {', '.join(there) or 'none'}",)


def _place(files: FieldFiles, config: IngestConfig) -> Footprint:
    """Where a field's first usable band lies.

    Raises
    ------
    ImageError
        If there is none: what is wrong with the first.
    """
    named = files.bands.get(config.grid_band or "")
    wrong = []
    for band in filter(None, (named, *files.bands.values())):
        ny, nx = band.image.extension.shape[-2:]
        try:
            return Footprint((ny, nx), wcs_of(band)[0])
        except ImageError as error:
            wrong.append(error)
    raise wrong[0]
