"""Own files as a survey to cut galaxies out of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.ingest import IngestConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.config.survey import SurveyProfile
from clumpscope.core.cards import is_number
from clumpscope.core.field import Band
from clumpscope.errors import FrameError, expected_got, reason
from clumpscope.ops.common_grid import grid_band
from clumpscope.ops.footprint import Footprint, best_of
from clumpscope.stages.ingest.band import load_bands, looked_at, wcs_of
from clumpscope.stages.ingest.extensions import Extension, extensions
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
    """

    survey: str
    profile: SurveyProfile
    config: IngestConfig
    limits: LimitsConfig
    files: Mapping[str, FieldFiles]
    places: Mapping[str, Footprint]
    failed: Mapping[str, str]
    understood: dict[str, list[Understood]] = field(default_factory=dict)

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
                failed[path.name] = str(error)
        every = [one for found in looked.values() for one in found]
        survey, profile = profile_of(every, config.survey)
        members = []
        for path, found in looked.items():
            try:
                members += parts(found, profile, config) if found else []
            except FrameError as error:
                failed[path.name] = str(error)
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
        return cls(survey, profile, config, limits, files, places, failed)

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
        bands, self.understood[name] = load_bands(
            self.files[name], self.profile, self.config, self.limits
        )
        return bands

    def grid_band(self, bands: Mapping[str, Band]) -> str:
        """The band whose pixels are kept."""
        frames = {name: band.frame for name, band in bands.items()}
        return grid_band(frames, self.config.grid_band)

    def plan(self) -> list[Understood]:
        """What would be made of each band, as far as headers say."""
        return [
            row
            for name, one in self.files.items()
            for row in looked_at(one, self.profile, self.config)
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


def _place(files: FieldFiles, config: IngestConfig) -> Footprint:
    """Where a field's first usable band lies."""
    band = files.bands.get(config.grid_band or "", next(iter(files.bands.values())))
    ny, nx = band.image.extension.shape[-2:]
    return Footprint((ny, nx), wcs_of(band)[0])
