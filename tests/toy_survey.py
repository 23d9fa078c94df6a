"""A survey made in memory: two fields, bands g and i, and i's pixels kept."""

import sys
from pathlib import Path

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm

from builders import tan_wcs
from clumpscope.core.field import Band, Frame, LocalPsf
from clumpscope.core.frames import sky_to_native
from clumpscope.errors import FrameError
from clumpscope.stages.fetch.registry import SURVEYS

SHAPE = {"g": (190, 240), "i": (200, 230)}
CENTRE = {"west": (150.0, 2.0), "east": (150.1, 2.0)}
FWHM_PX = {"g": 3.5, "i": 3.0}
PIXSCALE = 0.3
FLUX = {"g": 50.0, "i": 100.0}
SIGMA_PX = 4.0
NOISE = 0.002
# Each field's galaxy stands off its centre, by degrees.
GALAXY = {name: (ra + 0.001, dec - 0.0005) for name, (ra, dec) in CENTRE.items()}


def gaussian(shape, x, y, sigma):
    rows, cols = np.indices(shape)
    return np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / 2 / sigma**2) / (2 * np.pi * sigma**2)


class SteadyPsf:
    def __init__(self, fwhm_px):
        image = gaussian((21, 21), 10, 10, fwhm_px / gaussian_sigma_to_fwhm)
        self.local = LocalPsf((image / image.sum()).astype(np.float32), fwhm_px, assumed=False)

    def at(self, row, col):
        return self.local


def toy_band(field, name):
    shape = SHAPE[name]
    turn = {"g": 0.5, "i": 0.0}[name]
    wcs = tan_wcs(shape, PIXSCALE, turn, ra=CENTRE[field][0], dec=CENTRE[field][1])
    x, y = sky_to_native(GALAXY[field], wcs)[0]
    noise = np.random.default_rng(len(field + name)).normal(0, NOISE, shape)
    data = FLUX[name] * gaussian(shape, x, y, SIGMA_PX) + noise
    frame = Frame(
        Path(f"{field}-{name}"),
        name,
        data.astype(np.float32),
        np.full(shape, NOISE**2, dtype=np.float32),
        wcs,
    )
    return Band(frame, np.zeros(shape, dtype=np.uint8), SteadyPsf(FWHM_PX[name]))


class ToySurvey:
    last = None  # the one opened last

    def __init__(self):
        self.loaded = []

    @classmethod
    def open(cls, frames):
        cls.last = cls()
        return cls.last

    def fields(self, ids, ra, dec):
        near = [
            next((name for name, at in CENTRE.items() if np.hypot(a - at[0], d - at[1]) < 0.03), "")
            for a, d in zip(ra, dec, strict=True)
        ]
        return [name or FrameError("off the toy") for name in near]

    def load(self, field):
        self.loaded.append(field)
        return {name: toy_band(field, name) for name in ("g", "i")}

    def grid_band(self, bands):
        return "i"

    def only(self, field):
        alone = type(self)()
        alone.loaded = self.loaded
        return alone


SURVEY = ToySurvey


def register(monkeypatch):
    """Put the toy among the surveys, as if this module were the ``survey.py`` of its folder."""
    monkeypatch.setitem(SURVEYS, "toy", "made in memory")
    monkeypatch.setitem(sys.modules, "clumpscope.stages.fetch.toy.survey", sys.modules[__name__])
