"""What a picture of one galaxy is made of."""

from dataclasses import dataclass

import numpy as np
from astropy.table import QTable
from astropy.wcs import WCS
from numpy.typing import NDArray

from clumpscope.core.box_tables import corners_of
from clumpscope.core.boxes import Boxes
from clumpscope.core.galaxy import AnyImage, BandImage, ColourImage
from clumpscope.core.schema import plain
from clumpscope.ops.host import reference_band
from clumpscope.plot.view import View

Values = NDArray[np.float64]

_SAME_PX = 1e-6  # a clump's box is one of the detections, but for rounding
_MARGIN = 0.04  # of the field's longer side
_FIELD = 0.62  # is shown where there is nothing to look at


@dataclass(frozen=True, eq=False)
class Portrait:
    """One galaxy of a run.

    Attributes
    ----------
    image
        Its bands, or a bare picture.
    rgb
        (ny, nx, 3) in [0, 1].
    outline
        (ny, nx) bool, inside the host; nowhere True draws none.
    boxes
        Detections in native pixels, those below the threshold as well.
    threshold
        Score below which a box is drawn faint.
    clumps
        Clump table of this galaxy: of level "release", or below and without magnitudes.
    aperture_fwhm
        Radius of the apertures in PSF-FWHM.
    redshift, kpc_per_arcsec
        Of the host; NaN where unknown.
    failure
        Why the galaxy failed; empty if it did not.
    """

    image: AnyImage
    rgb: NDArray[np.float32]
    outline: NDArray[np.bool_]
    boxes: Boxes
    threshold: float
    clumps: QTable
    aperture_fwhm: float
    redshift: float = float("nan")
    kpc_per_arcsec: float = float("nan")
    failure: str = ""

    @property
    def bands(self) -> dict[str, BandImage]:
        """Its bands; none of a bare picture."""
        return {} if isinstance(self.image, ColourImage) else dict(self.image.bands)

    @property
    def wcs(self) -> WCS | None:
        """WCS of the bands; none of a bare picture."""
        return None if isinstance(self.image, ColourImage) else self.image.wcs

    @property
    def pixscale_arcsec(self) -> float:
        """Pixel side; NaN where it is unknown."""
        known = isinstance(self.image, ColourImage) or self.image.wcs is not None
        return self.image.pixscale_arcsec if known else float("nan")

    @property
    def scale_known(self) -> bool:
        """Whether the pixel side is not a default."""
        return not (isinstance(self.image, ColourImage) and self.image.pixscale_assumed)

    @property
    def masked(self) -> NDArray[np.bool_]:
        """(ny, nx) True where a band has a masked pixel."""
        masked = np.zeros(self.outline.shape, dtype=bool)
        for band in self.bands.values():
            masked |= band.mask != 0
        return masked

    @property
    def psf(self) -> tuple[str, float]:
        """Words on the PSF, and its FWHM in arcsec: of the reference band, or of the picture."""
        image = self.image
        name = "" if isinstance(image, ColourImage) else reference_band(image)
        holder = image if isinstance(image, ColourImage) else image[name]
        words = ["PSF-FWHM", name, "(assumed)" if holder.psf_assumed else ""]
        return " ".join(word for word in words if word), holder.psf_fwhm_arcsec

    @property
    def aperture_px(self) -> float:
        """Radius of the apertures in the band of `psf`; NaN without a pixel scale."""
        return self.aperture_fwhm * self.psf[1] / self.pixscale_arcsec

    @property
    def xy(self) -> Values:
        """(n, 2) native positions of the clumps."""
        return np.column_stack([plain(self.clumps, f"clump_centre_px_{axis}") for axis in "xy"])

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,) `clumpscope.core.boxes.Label` of the clumps."""
        return plain(self.clumps, "clump_label_id").astype(np.int64)

    @property
    def clump_boxes(self) -> Values:
        """(n, 4) native boxes of the clumps: of their best detections."""
        return corners_of(self.clumps, "clump_px_")

    @property
    def other_boxes(self) -> Boxes:
        """The detections that are no clump's best one, the highest score first."""
        apart = np.abs(self.boxes.xyxy[:, None] - self.clump_boxes[None]).max(axis=-1)
        others = self.boxes[~(apart < _SAME_PX).any(axis=1)]
        return others[np.argsort(-others.scores, kind="stable")]

    @property
    def view(self) -> View:
        """Outline, boxes and apertures with a margin; the field's middle if there are none."""
        shape = self.outline.shape
        downward = isinstance(self.image, ColourImage)
        view = View.central(shape, self.wcs, _FIELD, downward=downward)
        y, x = np.nonzero(self.outline)
        corners = np.vstack([self.boxes.xyxy, self.clump_boxes]).reshape(-1, 2)
        points = np.vstack([np.column_stack([x, y]), corners])
        return view.around(points, _MARGIN * max(shape)) if len(points) else view
