"""One band of a field made ready for cutouts: defects masked and filled, PSF at hand."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.galaxy import MaskBit
from clumpscope.errors import FrameError, ImageError, expected_got
from clumpscope.ops.psf import adaptive_fwhm_px
from clumpscope.stages.fetch.band import Band, LocalPsf, Psf
from clumpscope.stages.fetch.sdss.detectors import field_noise
from clumpscope.stages.fetch.sdss.frame import CorrectedFrame, read_frame
from clumpscope.stages.fetch.sdss.mask import filled, frame_mask
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
    return {
        band: make_band(read_frame(mirror.frames[key][band], band, noise[band]), models.get(band))
        for band in SDSS_BANDS
    }


def make_band(frame: CorrectedFrame, model: PsfModel | None) -> Band:
    """Mask a frame's defects and give it a PSF: ``model``, or its own stars' if it has none.

    Raises
    ------
    FrameError
        If it needs stars and has none.
    """
    psf: Psf
    middle = None if model is None else _middle(model, frame)
    if model is None or middle is None:
        psf = stars = psf_from_stars(frame)
        middle = stars.image
    else:
        psf = FieldPsf(model, frame.path)
    mask = frame_mask(frame, middle)
    finite = np.nan_to_num(frame.data, posinf=0.0, neginf=0.0)
    clean = filled(finite, (mask & MaskBit.COSMIC_RAY) > 0)
    return Band(replace(frame, data=clean.astype(np.float32)), mask, psf)


def _middle(model: PsfModel, frame: CorrectedFrame) -> NDArray[np.float32] | None:
    """PSF of a model in the middle of a frame; ``None`` where the model is void."""
    ny, nx = frame.data.shape
    try:
        image = model.at(ny / 2, nx / 2)
    except ImageError:
        return None
    return image if adaptive_fwhm_px(image) > 0 else None
