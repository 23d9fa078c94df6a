"""One band of a field made ready for cutouts: defects masked and filled, PSF at hand."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.galaxy import SDSS_BANDS, MaskBit
from clumpscope.errors import FrameError, ImageError, expected_got
from clumpscope.stages.fetch.sdss.detectors import field_noise
from clumpscope.stages.fetch.sdss.frame import Frame, read_frame
from clumpscope.stages.fetch.sdss.mask import filled, frame_mask
from clumpscope.stages.fetch.sdss.mirror import FieldKey, Mirror
from clumpscope.stages.fetch.sdss.psfield import PsfModel, read_psfield
from clumpscope.stages.fetch.sdss.stars import StarPsf, psf_from_stars
from clumpscope.ops.psf import adaptive_fwhm_px


@dataclass(frozen=True, eq=False)
class LocalPsf:
    """PSF at one place: image (k, k) of sum 1, FWHM in pixels, and whether it was assumed."""

    image: NDArray[np.float32]
    fwhm_px: float
    assumed: bool


@dataclass(frozen=True, eq=False)
class Band:
    """One band of a field.

    Attributes
    ----------
    frame
        The frame; cosmic rays replaced by their surroundings' median and pixels without data
        by 0, so that interpolation does not spread them.
    mask
        (ny, nx) uint8 of `MaskBit`: where that was done, and saturation.
    psf
        psField's model, else the stars' stack.
    """

    frame: Frame
    mask: NDArray[np.uint8]
    psf: PsfModel | StarPsf

    def psf_at(self, row: float, col: float) -> LocalPsf:
        """PSF at a pixel, 0-based. From stars it is one for the frame, and marked assumed.

        Raises
        ------
        FrameError
            If psField's has no width there.
        """
        if isinstance(self.psf, StarPsf):
            return LocalPsf(self.psf.image, self.psf.fwhm_px, assumed=True)
        image = self.psf.at(row, col)
        fwhm = adaptive_fwhm_px(image)
        if not fwhm > 0:
            raise FrameError(
                expected_got(f"{self.frame.path}: psField's PSF at {row, col}", "a width", fwhm)
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


def make_band(frame: Frame, model: PsfModel | None) -> Band:
    """Mask a frame's defects and give it a PSF: ``model``, or its own stars' if it has none.

    Raises
    ------
    FrameError
        If it needs stars and has none.
    """
    psf: PsfModel | StarPsf
    middle = None if model is None else _middle(model, frame)
    if model is None or middle is None:
        psf = psf_from_stars(frame)
        middle = psf.image
    else:
        psf = model
    mask = frame_mask(frame, middle)
    finite = np.nan_to_num(frame.data, posinf=0.0, neginf=0.0)
    clean = filled(finite, (mask & MaskBit.COSMIC_RAY) > 0)
    return Band(replace(frame, data=clean.astype(np.float32)), mask, psf)


def _middle(model: PsfModel, frame: Frame) -> NDArray[np.float32] | None:
    """PSF of a model in the middle of a frame; ``None`` where the model is void."""
    ny, nx = frame.data.shape
    try:
        image = model.at(ny / 2, nx / 2)
    except ImageError:
        return None
    return image if adaptive_fwhm_px(image) > 0 else None
