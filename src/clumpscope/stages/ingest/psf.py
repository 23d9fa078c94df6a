"""The PSF of a frame, from the best that is known of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.field import Frame, Psf
from clumpscope.core.grid import pixel_side_arcsec
from clumpscope.errors import FrameError, ImageError, expected_got
from clumpscope.ops.stars.psf import Reach, psf_from_stars, rough_width
from clumpscope.ops.stars.star_psf import StarPsf
from clumpscope.stages.ingest.psf_files import psf_in
from clumpscope.stages.ingest.psf_objects import OnePsf
from clumpscope.stages.ingest.psf_width import Width, checked_width, psf_of_width, width_in

_OFF = 1.2  # ratio of widths that is told ...
_WRONG = 1.5  # ... and at which PSFFWHM, of one meaning only, or the image is wrong
_GAUSSIAN = "its shape taken for a Gaussian"
_NOT_STARS = 2.0  # ratio to the survey's width of what is no star


def psf_of(
    frame: Frame,
    mask: NDArray[np.uint8],
    header: Mapping[str, Any],
    *,
    comment: Callable[[str], str] = lambda _: "",
    hdus: Sequence[Any] | None = None,
    plane: int | None = None,
    where: str = "",
    default_fwhm_arcsec: float | None = None,
) -> tuple[Psf, tuple[str, ...]]:
    """The PSF of a frame, and notes: first what was taken, then what was seen and not taken.

    Taken is the first of: the PSF's own file; a width in the header; stars of the frame itself,
    marked assumed as those of SDSS frames without psField; the survey's default, marked too.

    Parameters
    ----------
    mask
        (ny, nx) of `MaskBit`.
    header, comment
        Cards of the frame, and what is written beside each.
    hdus, plane, where
        The PSF's file, where there is one, and its name; see `psf_in`.
    default_fwhm_arcsec
        The survey's usual PSF-FWHM.

    Raises
    ------
    ImageError
        If the file cannot be used, PSFFWHM differs from it by more than a factor of 1.5, a width
        is absurd, or nothing at all is known.
    """
    pixscale = pixel_side_arcsec(frame.wcs)
    width, unused = width_in(header, pixscale, frame.path, comment)
    if hdus is not None:
        psf, said = psf_in(hdus, frame, where or str(frame.path), plane)
        return psf, (said, *_compared(psf, width, frame), *unused)
    if width is not None:
        one = OnePsf(psf_of_width(width.fwhm_px, assumed=False))
        return one, (f"{width.said}, {_GAUSSIAN}", *unused)
    default = None
    if default_fwhm_arcsec is not None:
        default = checked_width(default_fwhm_arcsec / pixscale, f"{frame.path} default PSF")
    stars, why_not = _from_stars(frame, mask, default)
    if stars is not None:
        return stars, (f"{stars.n_stars} stars of the frame, {stars.fwhm_px:.2f} px", *unused)
    if default is None:
        raise ImageError(
            expected_got(
                f"{frame.path} PSF",
                "an image, a width or stars",
                "; ".join(("none", *unused, why_not)),
                "give its PSF's file, set PSFFWHM (arcsec) in its header, or name a survey "
                "whose profile has a width",
            )
        )
    one = OnePsf(psf_of_width(default, assumed=True))
    said = f"assumed, {default_fwhm_arcsec:g} arcsec, {_GAUSSIAN}"
    return one, (said, *unused, why_not)


def _from_stars(
    frame: Frame, mask: NDArray[np.uint8], default: float | None
) -> tuple[StarPsf | None, str]:
    """PSF from stars, or why there is none."""
    try:
        width = rough_width(frame) if default is None else default
        if not width > 0:
            return None, "no sources to take for stars"
        stars = psf_from_stars(frame, mask, reach=Reach.of(width))
    except FrameError as error:
        return None, str(error)
    if not stars.fwhm_px > 0:
        return None, "stars whose moments do not converge"
    off = 1.0 if default is None else max(stars.fwhm_px / default, default / stars.fwhm_px)
    if off > _NOT_STARS:
        return None, f"what may be stars is {stars.fwhm_px:.2f} px wide, too unlike {default:.2f}"
    return stars, ""


def _compared(psf: Psf, width: Width | None, frame: Frame) -> tuple[str, ...]:
    """What to say where a header's width is not that of the PSF's file, which counts."""
    if width is None:
        return ()
    ny, nx = frame.data.shape
    found = psf.at(ny / 2, nx / 2).fwhm_px
    off = max(found / width.fwhm_px, width.fwhm_px / found)
    if off > _WRONG and width.said.startswith("PSFFWHM"):
        raise ImageError(
            expected_got(
                f"{frame.path} {width.said}",
                f"the width of its PSF's image, {found:.2f} px",
                f"{width.fwhm_px:.2f} px",
                "set OVERSAMP in the image's header if its pixels are finer, or mend PSFFWHM",
            )
        )
    if off > _OFF:
        return (f"{width.said} is not taken: the PSF's image is {found:.2f} px wide",)
    return ()
