"""Settings of `simulate`."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from clumpscope.config.band_names import is_band_name
from clumpscope.config.base import (
    BandNames,
    Fraction,
    NotNegative,
    PerBand,
    Positive,
    PositiveRange,
    Range,
    Section,
)


class HostsConfig(Section):
    """Simulated hosts: a flux-limited sample whose masses, colours and sizes hang together."""

    r_mag: Range = (13.5, 17.3)
    """Limits of the apparent magnitude in r, AB."""
    redshift: PositiveRange = (0.02, 0.25)
    """Limits of the redshift."""
    r90_arcsec: PositiveRange = (8.4, 32.0)
    """Limits of the radius that holds 90 % of the light, arcsec."""
    smooth_share: Fraction = 0.12
    """Share without arms or texture: lenticulars and ellipticals."""
    merger_share: Fraction = 0.06
    """Share with a close companion and tidal arms."""


Colour = tuple[float, NotNegative]


class ClumpsConfig(Section):
    """Simulated clumps: a luminosity function in the ratio of u fluxes, clump over host."""

    clumpless_share: Fraction = 0.57
    """Share of late types that hold faint knots only."""
    mean: Positive = 9.0
    """Mean number of clumps in a late type that has them."""
    flux_ratio_u: Range = (0.003, 0.30)
    """Limits of the clumps' ratio of u fluxes, clump over host."""
    slope: NotNegative = 0.5
    """Ratios f of u fluxes are distributed as dN / d ln f ~ f^-slope exp(-f / cutoff)."""
    cutoff: Positive = 0.04
    """Ratio of u fluxes beyond which clumps become exponentially rare."""
    bluer: float = 0.0
    """What clumps are bluer by than those of Mehta et al. 2021, in all colours, mag."""
    colours: dict[str, Colour] = Field(default_factory=dict)
    """Mean and scatter of colours that are not those of Mehta et al. 2021, mag: "g-r" and so on.
    The second band of each follows the first; all others stay."""
    resolved_share: Fraction = 0.3
    """Share of clumps that are no points but slightly resolved."""
    inward: NotNegative = 0.7
    """Clumps injected into given images follow the host's light to this power."""

    @model_validator(mode="after")
    def _ratios_are_shares(self) -> Self:
        low, high = self.flux_ratio_u
        if not 0 < low < high <= 1:
            raise ValueError(f"flux_ratio_u must be 0 < low < high <= 1, got {low}, {high}")
        return self

    @model_validator(mode="after")
    def _colours_of_two_bands(self) -> Self:
        for name in self.colours:
            bands = name.split("-")
            if len(bands) != 2 or not all(map(is_band_name, bands)):
                raise ValueError(f'colours must be of two bands, such as "g-r", got {name!r:.50}')
        return self


class InterlopersConfig(Section):
    """Simulated foreground and background."""

    star_density: NotNegative = 2200.0
    """Stars of r < 21 in a square degree, in the mean."""
    star_scatter: NotNegative = 0.6
    """Scatter of ln of that density, as with Galactic latitude."""
    galaxy_density: NotNegative = 2200.0
    """Galaxies of r < 21 in a square degree."""
    odd_knots: NotNegative = 0.10
    """Red, bulge-like knots on a host, in the mean."""


class ArtefactsConfig(Section):
    """Shares of simulated cutouts with an image defect."""

    trail: Fraction = 0.01
    """Share with a satellite's trail in one band."""
    cosmic_ray: Fraction = 0.02
    """Share with a cosmic ray, unmasked, in one band."""
    shift: Fraction = 0.04
    """Share with one band displaced by up to a pixel."""
    saturation: bool = True
    """Whether bright stars lose their core and bleed along columns, masked."""


_PER_BAND = ("psf_ratio", "sky_mag", "nmgy_per_count", "gain", "dark_variance", "saturation_nmgy")


class ObserveConfig(Section):
    """How a survey sees: PSF, pixels, sky, detector. The defaults are single-epoch SDSS.

    Lists of numbers are of the bands. Sky and calibration are medians of SDSS's corrected frames.
    """

    bands: BandNames = ("u", "g", "r", "i", "z")
    """First u, in which clumps are drawn, g, by which they are labelled, r, whose pixels all have;
    then any others of those that `clumpscope.core.bands` knows."""
    pixscale_arcsec: Positive = 0.396
    """Pixel scale, arcsec."""
    psf_fwhm_r_arcsec: PositiveRange = (0.9, 2.0)
    """Limits of the PSF-FWHM in r, arcsec."""
    psf_fwhm_median_arcsec: Positive = 1.3
    """Median of the PSF-FWHM in r, arcsec."""
    psf_fwhm_scatter: NotNegative = 0.12
    """Scatter of the logarithm of the PSF-FWHM in r."""
    psf_ratio: PerBand = (1.14, 1.07, 1.0, 0.95, 0.97)
    """PSF-FWHM of each band over that in r."""
    psf_wing: Range = (0.14, 0.26)
    """Limits of the PSF's share of light in a Gaussian 2.2 times as wide as its core."""
    psf_ellipticity: Annotated[float, Field(ge=0, lt=0.5)] = 0.04
    """Scatter of the PSF's ellipticity on either axis."""
    sky_mag: PerBand = (22.35, 22.1, 20.95, 20.1, 18.8)
    """Sky brightness, AB mag a square arcsec."""
    sky_scatter_mag: NotNegative = 0.18
    """Scatter of the sky's brightness in all bands together, mag; half of it in each alone."""
    nmgy_per_count: PerBand = (0.0098, 0.00386, 0.0051, 0.0067, 0.0330)
    """Calibration, nanomaggies a count."""
    gain: PerBand = (1.59, 3.85, 4.72, 4.86, 4.88)
    """Gain, electrons a count."""
    dark_variance: PerBand = (9.3, 1.32, 1.32, 5.3, 1.0)
    """Variance of dark current and read noise, counts squared a pixel."""
    saturation_nmgy: PerBand = (180.0, 75.0, 90.0, 130.0, 500.0)
    """Flux at which a pixel saturates, nanomaggies."""
    noise_factor: PositiveRange = (1.0, 1.0)
    """Limits of a log-uniform factor on the noise that follows from all this."""
    sky_residual: NotNegative = 0.06
    """Level and gradient that are left of the sky, pixel noise."""
    field_r90: Positive = 6.0
    """Side of a cutout in R90."""
    min_size_arcsec: Positive = 20.0
    """Side of the smallest cutouts, arcsec."""

    @model_validator(mode="after")
    def _of_its_bands(self) -> Self:
        if self.bands[:3] != ("u", "g", "r"):
            raise ValueError(f"bands must begin with u, g, r, got {', '.join(self.bands)}")
        for name in _PER_BAND:
            found, wanted = len(getattr(self, name)), len(self.bands)
            if found != wanted:
                raise ValueError(
                    f"{name} must have a number for each of {wanted} bands, got {found}"
                )
        return self


class SimulatedLabelsConfig(Section):
    """Which sources get a training box: those that volunteers could agree on.

    Half of them see a source at these values, and ever more beyond. The defaults make labels
    that are distributed as those of Galaxy Zoo: Clump Scout (KS distances in the docs).
    """

    snr: Positive = 7.0
    """Signal-to-noise in g, of odd sources in r."""
    contrast: Positive = 0.14
    """The source's peak over the light beneath it."""
    odd_reach_r90: Positive = 0.98
    """Distance of odd sources from the centre, R90; those further out are none of the host's."""
    rival: NotNegative = 0.42
    """Signal-to-noise over that of the host's most prominent clump."""
    odd: Fraction = 0.42
    """Share of odd sources in plain sight that is marked."""


class SimulateConfig(Section):
    """A simulated survey: hosts, clumps, interlopers, artefacts, how they are observed, labels."""

    hosts: HostsConfig = HostsConfig()
    clumps: ClumpsConfig = ClumpsConfig()
    interlopers: InterlopersConfig = InterlopersConfig()
    artefacts: ArtefactsConfig = ArtefactsConfig()
    observe: ObserveConfig = ObserveConfig()
    labels: SimulatedLabelsConfig = SimulatedLabelsConfig()
