"""One band of a field made ready for cutouts: defects masked and filled, PSF at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.field import Band, LocalPsf, Psf
from clumpscope.core.galaxy import MaskBit
from clumpscope.errors import FrameError, ImageError, expected_got
from clumpscope.ops.psf import adaptive_fwhm_px
from clumpscope.stages.fetch.sdss.cosmic import filled
from clumpscope.stages.fetch.sdss.detectors import field_noise
from clumpscope.stages.fetch.sdss.frame import CorrectedFrame, read_frame
from clumpscope.stages.fetch.sdss.mask import frame_mask
from clumpscope.stages.fetch.sdss.mirror import FieldKey, Mirror
from clumpscope.stages.fetch.sdss.psfield import PsfModel, read_psfield
from clumpscope.stages.fetch.sdss.stars import psf_from_stars


@dataclass(frozen=True, eq=False)
class FieldPsf:
    """psField's model of the frame ``path``."""

    model: PsfModel
    path: Path

    def at(self, row: float, col: float) -> LocalPsf:
        """PSF at a pixel, 0-based.

        Raises
        ------
        FrameError
            If it has no width there.
        """
        image = self.model.at(row, col)
        fwhm = adaptive_fwhm_px(image)
        if not fwhm > 0:
            raise FrameError(
                expected_got(f"{self.path}: psField's PSF at {row, col}", "a width", fwhm)
            )
        return LocalPsf(image, fwhm, assumed=False)


def load_field(mirror: Mirror, key: FieldKey) -> dict[str, Band]:
    """Read the five bands of a field, each frame once.

    Raises
    ------
    FrameError
        If a band is missing or a file unusable, or a frame has neither psField nor stars.
    """
    missing = [band for band in SDSS_BANDS if band not in mirror.frames[key]]
    if missing:
        raise FrameError(
            expected_got(f"field {key} of {mirror.folder}", "frames in u g r i z", f"no {missing}")
        )
    noise = field_noise(mirror, key)
    models = read_psfield(mirror.psfields[key]) if key in mirror.psfields else {}
    frames = {band: read_frame(mirror.frames[key][band], band, noise[band]) for band in SDSS_BANDS}
    return make_bands(frames, models)


def make_bands(
    frames: Mapping[str, CorrectedFrame], models: Mapping[str, PsfModel]
) -> dict[str, Band]:
    """Mask the defects of a field's frames and give each a PSF: its model, else its own stars'.

    What one band alone is thought to have hit is looked up in the others, if there are any.

    Raises
    ------
    FrameError
        If a frame needs stars and has none.
    """
    psfs = {band: _psf(frame, models.get(band)) for band, frame in frames.items()}
    made = {}
    for band, frame in frames.items():
        others = [(frames[other], psfs[other]) for other in frames if other != band]
        mask = frame_mask(frame, psfs[band], others)
        finite = np.nan_to_num(frame.data, posinf=0.0, neginf=0.0)
        clean = filled(finite, (mask & MaskBit.COSMIC_RAY) > 0)
        made[band] = Band(replace(frame, data=clean.astype(np.float32)), mask, psfs[band])
    return made


def _psf(frame: CorrectedFrame, model: PsfModel | None) -> Psf:
    """PSF of a frame; from its stars where the model is void in a corner or the middle."""
    if model is None:
        return psf_from_stars(frame)
    psf = FieldPsf(model, frame.path)
    ny, nx = frame.data.shape
    try:
        for row in (0, ny / 2, ny - 1):
            for col in (0, nx / 2, nx - 1):
                psf.at(row, col)
    except (FrameError, ImageError):
        return psf_from_stars(frame)
    return psf
