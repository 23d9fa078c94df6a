"""Settings of `run` and of its stages alone."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from clumpscope.config.base import (
    BandName,
    BandNames,
    Count,
    Fraction,
    NotNegative,
    Positive,
    Section,
    odd,
)


class SampleConfig(Section):
    """What is assumed of images that neither say it themselves nor have it in the host table."""

    pixscale_arcsec: Positive = 0.396
    """Pixel scale of pictures, arcsec; SDSS's own."""
    psf_fwhm_arcsec: Positive = 1.3
    """PSF-FWHM, arcsec; the median of SDSS in r."""


class CompositeConfig(Section):
    """Colour composite (Popp et al. 2024, Appendix A.1): Lupton et al. 2004 on nanomaggies."""

    bands: tuple[BandName, BandName, BandName] = ("i", "r", "g")
    """Bands that become red, green and blue."""
    scales: tuple[Positive, Positive, Positive] = (0.7, 1.17, 1.818)
    """Factors on the fluxes of those bands."""
    minimum: float = 0.0
    """Scaled flux of a pixel that is black, nanomaggies."""
    stretch: Positive = 0.2
    """Scaled flux up to which the stretch is about linear, nanomaggies."""
    softening: Positive = 7.0
    """Lupton's Q: the larger, the less bright pixels saturate."""
    size: Annotated[int, Field(ge=16, le=8192)] = 400
    """Longer side of the enlarged field, px."""
    crop: Annotated[int, Field(ge=16, le=2048)] = 200
    """Side of the central crop that is searched, px of the enlarged field."""

    @model_validator(mode="after")
    def _crop_fits(self) -> Self:
        if self.crop > self.size:
            raise ValueError(f"crop must be at most size, got {self.crop} > {self.size}")
        return self


class DetectConfig(Section):
    """Search for boxes that hold clumps."""

    score_floor: Fraction = 0.05
    """Boxes of a lower score are not kept in detections.parquet."""
    orientations: Literal[1, 2, 4, 8] = 1
    """Ways to mirror and turn each image in which it is searched, whose maps are averaged; of
    models that find centres."""
    as_sdss: bool = False
    """Whether models that look at composites see images of other pixels as if of SDSS: as bright,
    with a PSF-FWHM of at least 8.3 px of the composite, half the median box of Clump Scout."""
    precision: Literal["float32", "bf16"] = "float32"
    """Numbers in which convolutions are computed. `bf16` is 1.4 to 1.6 times as fast on CPUs with
    AVX-512 BF16 or AMX, and changes scores: by 0.005 at most in models that find centres, by 0.01
    in the mean in others. Slower on CPUs without."""
    batch_size: Count = 16
    """Images that pass the network together, if they are small; fewer of large ones."""
    stands_for: tuple[tuple[BandName, BandName], ...] = ()
    """Bands that a model shall take for ones that it knows, if the image lacks these, such as
    `[["F115W", "g"]]`; what it finds is then flagged OUT_OF_RANGE."""


class RefineConfig(Section):
    """From boxes to clump positions (Popp et al. 2024, section 4.3; order as in the text)."""

    nms_iou: Fraction = 0.2
    """Of two boxes that overlap by more than this (IoU), the one of lower score is dropped."""
    score_threshold: Annotated[Fraction | None, Field(examples=[0.3])] = None
    """Boxes of a lower score are dropped. Not set: the model's own threshold counts."""
    nucleus_radius: Fraction = 0.02
    """A box is the nucleus if, on both axes, it is this near to the host's centre, field sides."""
    nucleus_fwhm: NotNegative = 0.5
    """Nor is that less than this, r-band PSF-FWHM, and the centre is that of the host's light
    (reddest of g, r, i); 0: as published, the fraction of the field about the given position."""
    keep_nucleus: bool = False
    """Whether the nucleus stays, flagged, or is left out."""
    merge_radius_fwhm: Positive = 1.0
    """Boxes whose centres are this near are one clump, r-band PSF-FWHM."""
    outline_sigma: Positive = 0.5
    """Brightness a pixel at the host's outline, rms of the unsmoothed r-band sky."""
    outline_kernel_px: Annotated[int, Field(ge=3), AfterValidator(odd)] = 5
    """Side of the kernel that smooths the image before it is outlined, native px; odd."""
    outline_min_pixels: Count = 10
    """An outline of fewer pixels does not count."""
    outline_grow_fwhm: NotNegative = 1.0
    """Width by which the outline is grown, r-band PSF-FWHM."""
    beyond_fwhm: NotNegative = 2.0
    """Clumps farther than this beyond the grown outline are dropped, r-band PSF-FWHM."""
    recentre_fwhm: NotNegative = 0.35
    """Clumps move to the peak of their light if it is this near, r-band PSF-FWHM; 0: never."""

    def outlines_as(self, other: "RefineConfig") -> bool:
        """Whether both find the same outline of a galaxy."""
        names = [name for name in type(self).model_fields if name.startswith("outline_")]
        return all(getattr(self, name) == getattr(other, name) for name in names)


class MeasureConfig(Section):
    """Photometry; docs/photometry.md has the formulas (published: Popp et al. 2024, Appendix E)."""

    bands: Annotated[BandNames | None, Field(examples=[["u", "g", "r", "i", "z"]])] = None
    """Bands to measure; fluxes are blank where an image lacks one. Not set: all that the sample's
    images have."""
    background: Literal["isophotes", "annulus"] = "isophotes"
    """What lies under a clump inside its host: a model of its light, or the mean of a ring."""
    aperture_fwhm: Positive = 1.125
    """Radius of the aperture, PSF-FWHM of its band."""
    annulus_fwhm: tuple[float, float] = (1.5, 2.5)
    """Radii of the background's ring, PSF-FWHM of its band."""
    blend_fwhm: NotNegative = 2.25
    """Clumps that are nearer to each other are fitted together, PSF-FWHM of the band; 0: never."""

    @model_validator(mode="after")
    def _annulus_grows(self) -> Self:
        inner, outer = self.annulus_fwhm
        if not 0 < inner < outer:
            raise ValueError(f"annulus_fwhm must be 0 < inner < outer, got {inner}, {outer}")
        return self


class CatalogueConfig(Section):
    """The catalogue: what it is written as, and what it flags."""

    dust_map: Annotated[str | None, Field(examples=["/path/to/sfd"])] = None
    """Folder of the dust maps of Schlegel et al. 1998. Not set: `ebv` of the host table counts."""
    completeness: Annotated[str | None, Field(examples=["/path/to/selection.json"])] = None
    """File of `completeness` that fills that column. Not set: it stays blank."""
    low_snr: Positive = 3.0
    """Clumps of a lower u-band signal-to-noise are flagged."""
    formats: tuple[Literal["fits", "votable", "ecsv", "regions"], ...] = (
        "fits",
        "votable",
        "ecsv",
        "regions",
    )
    """Formats that the catalogue is written in beside Parquet."""
    coarse_kpc: Positive = 2.0
    """Clumps whose PSF-FWHM is larger than this at the host's redshift are flagged, kpc."""
