"""Settings of `simulate` and its volunteers."""

from typing import Annotated, Self

from pydantic import (
    Field,
    model_validator,
)

from clumpscope.config.base import Five, Fraction, Positive, PositiveRange, Range, Section


class HostsConfig(Section):
    """Simulated hosts: a flux-limited sample whose masses, colours and sizes hang together."""

    r_mag: Range = (13.5, 17.3)
    redshift: PositiveRange = (0.02, 0.25)
    r90_arcsec: PositiveRange = (8.4, 32.0)  # smaller and larger galaxies are not selected
    smooth_share: Fraction = 0.12  # without arms or texture: lenticulars and ellipticals
    merger_share: Fraction = 0.06  # with a close companion and tidal arms
    dust: Annotated[float, Field(ge=0)] = 1.0  # over the usual optical depth


class ClumpsConfig(Section):
    """Simulated clumps: a luminosity function in the ratio of u fluxes, clump over host."""

    clumpless_share: Fraction = 0.57  # of late types; they hold faint knots only
    mean: Annotated[float, Field(gt=0)] = 9.0  # clumps in the range below, in the other ones
    flux_ratio_u: Range = (0.003, 0.30)
    slope: Annotated[float, Field(ge=0)] = 0.5  # dN / d ln f falls as f^-slope ...
    cutoff: Positive = 0.04  # ... and exponentially beyond this ratio
    bluer: float = 0.0  # mag taken off all colours of clumps
    resolved_share: Fraction = 0.3
    reach_r90: Positive = 1.2  # few are born beyond
    inward: Annotated[float, Field(ge=0)] = 0.7  # injected ones follow the host's light ^ this

    @model_validator(mode="after")
    def _ratios_are_shares(self) -> Self:
        low, high = self.flux_ratio_u
        if not 0 < low < high <= 1:
            raise ValueError(f"flux_ratio_u must be 0 < low < high <= 1, got {low}, {high}")
        return self


class VolunteersConfig(Section):
    """Simulated volunteers, chosen so that their consensus looks like the real labels."""

    images_each: Positive = 60.0  # classifications of a volunteer in the mean
    activity: Positive = 1.3  # scatter of ln activity: a few do most
    detection: PositiveRange = (0.45, 0.95)  # chance to mark a clear clump, careful volunteers
    scatter_fwhm: Positive = 0.28  # median scatter of a mark on each axis, PSF-FWHM
    scatter_spread: Annotated[float, Field(ge=0)] = 0.4  # of its logarithm among volunteers
    false_marks: Annotated[float, Field(ge=0)] = 0.3  # random marks a galaxy in the mean
    confusion: Fraction = 0.12  # median chance to take the wrong tool
    patience: Positive = 3.0  # most marks on a galaxy beside the bulge, median volunteer
    lazy: Fraction = 0.15  # share of volunteers who mark the one or two plainest things
    careless: Fraction = 0.1  # share who mark wildly
    clear_snr: Positive = 30.0  # g-band signal-to-noise at which half of the eye's work is done
    clear_contrast: Positive = 0.45  # the same of peak over the light beneath
    lure: Fraction = 0.1  # chance to fall for the plainest knot of an arm
    odd_interest: Fraction = 0.55  # of what is clearly odd, the share that is marked at all
    bulge: Fraction = 0.8  # chance to mark the centre with the bulge tool, times detection
    bulge_as_clump: Fraction = 0.03  # chance to mark it as a clump
    not_logged_in: Fraction = 0.15  # share of volunteers


class InterlopersConfig(Section):
    """Simulated foreground and background."""

    star_density: Annotated[float, Field(ge=0)] = 2200.0  # a square degree, r < 21
    star_scatter: Annotated[float, Field(ge=0)] = 0.6  # of ln density, with Galactic latitude
    galaxy_density: Annotated[float, Field(ge=0)] = 2200.0  # a square degree, r < 21
    odd_knots: Annotated[float, Field(ge=0)] = 0.10  # red, bulge-like knots on the host, mean


class ArtefactsConfig(Section):
    """Shares of simulated cutouts with an image defect."""

    trail: Fraction = 0.01  # of a satellite, in one band
    cosmic_ray: Fraction = 0.02  # in one band
    shift: Fraction = 0.04  # one band displaced by up to a pixel
    saturation: bool = True  # bright stars lose their core, bleed and have spikes


class ObserveConfig(Section):
    """How a survey sees: PSF, pixels, sky, detector. The defaults are single-epoch SDSS."""

    pixscale_arcsec: Positive = 0.396
    psf_fwhm_r_arcsec: PositiveRange = (0.9, 2.0)  # adaptive-moment FWHM, limits ...
    psf_fwhm_median_arcsec: Positive = 1.3  # ... median ...
    psf_fwhm_scatter: Annotated[float, Field(ge=0)] = 0.12  # ... and scatter of its logarithm
    psf_ratio: Five = (1.14, 1.07, 1.0, 0.95, 0.97)  # FWHM over that in r
    psf_wing: Range = (0.14, 0.26)  # share of the light in a Gaussian 2.2 times wider
    psf_ellipticity: Annotated[float, Field(ge=0, lt=0.5)] = 0.04
    # Medians of the three frames in ../shared/data, as are the scatters of sky.
    sky_mag: Five = (22.35, 22.1, 20.95, 20.1, 18.8)  # a square arcsec
    sky_scatter_mag: Annotated[float, Field(ge=0)] = 0.18
    nmgy_per_count: Five = (0.0098, 0.00386, 0.0051, 0.0067, 0.0330)
    gain: Five = (1.59, 3.85, 4.72, 4.86, 4.88)  # electrons a count
    dark_variance: Five = (9.3, 1.32, 1.32, 5.3, 1.0)  # counts squared
    saturation_nmgy: Five = (180.0, 75.0, 90.0, 130.0, 500.0)  # of a pixel
    noise_factor: PositiveRange = (1.0, 1.0)  # over the above; log-uniform
    sky_residual: Annotated[float, Field(ge=0)] = 0.06  # of the pixel noise
    field_r90: Positive = 6.0
    min_size_arcsec: Positive = 20.0


class SimulatedLabelsConfig(Section):
    """Which sources get a training box: those that volunteers could agree on.

    Half of them see a source at these values, and ever more beyond. The defaults make labels
    that are distributed as those of Galaxy Zoo: Clump Scout (KS distances in the docs).
    """

    snr: Positive = 7.0  # in g, odd ones in r
    contrast: Positive = 0.14  # of the source's peak with what lies under it
    odd_reach_r90: Positive = 0.98  # from the centre; those further out are none of the host's
    rival: Annotated[float, Field(ge=0)] = 0.42  # of the most prominent clump's signal-to-noise
    odd: Fraction = 0.42  # share of odd sources in plain sight that is marked


class SimulateConfig(Section):
    """A simulated survey: hosts, clumps, interlopers, artefacts, how they are observed, labels."""

    hosts: HostsConfig = HostsConfig()
    clumps: ClumpsConfig = ClumpsConfig()
    interlopers: InterlopersConfig = InterlopersConfig()
    artefacts: ArtefactsConfig = ArtefactsConfig()
    observe: ObserveConfig = ObserveConfig()
    labels: SimulatedLabelsConfig = SimulatedLabelsConfig()
