"""Settings of `run` and of its stages alone."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)

from clumpscope.config.base import Fraction, Letters, Positive, Section, odd


class CompositeConfig(Section):
    """Colour composite (Popp et al. 2024, Appendix A.1): Lupton et al. 2004 on nanomaggies."""

    bands: tuple[str, str, str] = ("i", "r", "g")
    scales: tuple[Positive, Positive, Positive] = (0.7, 1.17, 1.818)
    minimum: float = 0.0
    stretch: Positive = 0.2
    softening: Positive = 7.0  # Lupton's Q
    size: Annotated[int, Field(ge=16)] = 400  # px of the enlarged field's longer side
    crop: Annotated[int, Field(ge=16)] = 200  # px of the central crop that is searched

    @model_validator(mode="after")
    def _crop_fits(self) -> Self:
        if self.crop > self.size:
            raise ValueError(f"crop must be at most size, got {self.crop} > {self.size}")
        return self


class SampleConfig(Section):
    """What is assumed of images that neither say it themselves nor have it in the host table."""

    pixscale_arcsec: Positive = 0.396  # of pictures
    psf_fwhm_arcsec: Positive = 1.3  # the median of SDSS in r


class DetectConfig(Section):
    """Search for clumps."""

    score_floor: Fraction = 0.05  # boxes below are not kept
    batch_size: Annotated[int, Field(ge=1)] = 16


class RefineConfig(Section):
    """From boxes to clump positions (Popp et al. 2024, section 4.3; order as in the text)."""

    nms_iou: Fraction = 0.2
    score_threshold: Fraction | None = None  # None: the model's own, else 0.3
    nucleus_radius: Fraction = 0.02  # of the field's side, on both axes
    keep_nucleus: bool = False
    merge_radius_fwhm: Positive = 1.0
    outline_sigma: Positive = 0.5  # per pixel, of the unsmoothed image's rms
    outline_kernel_px: Annotated[int, Field(ge=3), AfterValidator(odd)] = 5
    outline_min_pixels: Annotated[int, Field(ge=1)] = 10
    outline_grow_fwhm: Annotated[float, Field(ge=0)] = 1.0
    recentre_fwhm: Annotated[float, Field(ge=0)] = 0.35  # to a peak no farther than this; 0: never


class MeasureConfig(Section):
    """Photometry (Popp et al. 2024, Appendix E, is the published one). Radii in PSF-FWHM."""

    bands: Letters = ("u", "g", "r", "i", "z")
    background: Literal["isophotes", "annulus"] = "isophotes"  # of clumps inside a host
    aperture_fwhm: Positive = 1.125
    annulus_fwhm: tuple[float, float] = (1.5, 2.5)
    blend_fwhm: Annotated[float, Field(ge=0)] = 2.25  # nearer clumps are fitted together

    @model_validator(mode="after")
    def _annulus_grows(self) -> Self:
        inner, outer = self.annulus_fwhm
        if not 0 < inner < outer:
            raise ValueError(f"annulus_fwhm must be 0 < inner < outer, got {inner}, {outer}")
        return self


class CatalogueConfig(Section):
    """Released catalogue."""

    dust_map: str | None = None  # folder of the SFD98 maps; None: ebv of the host table
    low_snr: Positive = 3.0  # u-band signal-to-noise under which a clump is flagged
    formats: tuple[Literal["fits", "votable", "ecsv", "regions"], ...] = (
        "fits",
        "votable",
        "ecsv",
        "regions",
    )  # beside Parquet
    coarse_kpc: Positive = 2.0  # PSF-FWHM at the host's redshift above which a clump is flagged
