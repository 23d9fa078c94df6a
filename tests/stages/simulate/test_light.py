"""Painted hosts: flux, dust, and where clumps may lie."""

from dataclasses import replace

import numpy as np
import pytest

from clumpscope.config.simulate import ClumpsConfig, HostsConfig
from clumpscope.stages.simulate.hosts import draw_host
from clumpscope.stages.simulate.light import paint, scattered

STEP = 0.396


def host_of(kind, **changes):
    rng = np.random.default_rng(5)
    while True:
        host = draw_host(rng, HostsConfig(), ClumpsConfig())
        if host.member.kind == kind and not host.tail:
            return replace(host, **changes)


def painted(host, n=160):
    return paint(host, n, STEP, np.random.default_rng(7))


@pytest.mark.parametrize("kind", ["spiral", "flocculent", "irregular", "smooth"])
def test_without_dust_the_fluxes_are_the_host_s(kind):
    host = host_of(kind, dust=0.0)
    assert painted(host).total == pytest.approx(host.total, rel=1e-4)


def test_dust_dims_blue_bands_more():
    clear = painted(host_of("spiral", dust=0.0)).total
    dusty = painted(host_of("spiral", dust=0.8)).total
    ratio = dusty / clear
    assert (np.diff(ratio) > 0).all()
    assert 0.3 < ratio[2] < 0.98


def test_bare_exponential_disk_has_the_closed_form_profile():
    """I(R) = exp(-R / h): the light within R is 1 - (1 + R/h) exp(-R/h)."""
    host = host_of(
        "smooth",
        dust=0.0,
        axis_ratio=1.0,
        disk_index=1.0,
        break_slope=1.0,
        grain=0.0,
        ring=0.0,
        bar=0.0,
        lopsided=0.0,
        bend=0.0,
        scale_arcsec=4.0,
    )
    host = replace(host, fluxes={**host.fluxes, "bulge": np.zeros(5), "young": np.zeros(5)})
    light = painted(host, 240).bands[2]
    axis = (np.arange(240) - 119.5) * STEP
    radius = np.hypot(axis[None, :], axis[:, None]) / 4.0
    for edge in (1.0, 2.0, 4.0):
        inside = light[radius < edge].sum() / host.fluxes["disk"][2]
        assert inside == pytest.approx(1 - (1 + edge) * np.exp(-edge), abs=0.01)


def test_arms_are_where_clumps_are_born():
    host = host_of("spiral", dust=0.0)
    light = painted(host)
    rng = np.random.default_rng(0)
    at = scattered(rng, light.birth, 4000)
    anywhere = scattered(rng, np.ones_like(light.birth), 4000)
    assert np.mean(light.bands[1].ravel()[at]) > 2 * np.mean(light.bands[1].ravel()[anywhere])
    # None in the very centre.
    middle = light.birth.shape[0] // 2
    assert light.birth[middle, middle] < 0.02 * light.birth.max()


def test_clumps_are_born_within_reach():
    light = painted(host_of("spiral"))
    axis = (np.arange(160) - 79.5) * STEP
    radius = np.hypot(axis[None, :], axis[:, None])
    cut = light.born_within(12.0)
    assert cut.birth[radius < 6] == pytest.approx(light.birth[radius < 6], rel=1e-3)
    assert (cut.birth[radius > 24] < 1e-3 * light.birth.max()).all()
    at_reach = np.abs(radius - 12) < 0.1
    assert cut.birth[at_reach] / light.birth[at_reach] == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("richness", [0.0, 9.0])
def test_knots_are_fainter_than_the_faintest_clump(richness):
    """Young light alone, without texture: what sticks out of it are knots."""
    host = host_of("flocculent", dust=0.0, grain=0.0, ring=0.0, bar=0.0, richness=richness)
    host = replace(
        host,
        arms=replace(host.arms, contrast=0.0, patchiness=0.0),
        fluxes={**host.fluxes, "bulge": np.zeros(5), "disk": np.zeros(5)},
    )
    young = painted(host, 240).bands[0]
    beside = np.median([np.roll(young, step, axis) for step in (-2, 2) for axis in (0, 1)], axis=0)
    largest = (young - beside)[40:-40, 40:-40].max() / host.total[0]
    assert 0.5 * host.faintest < largest < 2 * host.faintest


def test_scattered_follows_its_density():
    density = np.zeros((4, 5), np.float32)
    density[1, 2], density[3, 4] = 1, 3
    at = scattered(np.random.default_rng(0), density, 4000)
    assert set(at) == {7, 19}
    assert np.mean(at == 19) == pytest.approx(0.75, abs=0.03)


def test_extreme_hosts_are_finite_and_positive():
    host = host_of(
        "spiral", axis_ratio=0.12, bend=0.1, break_slope=0.55, lopsided=0.5, tail=0.3, bar=1.2
    )
    bands = painted(host).bands
    assert np.isfinite(bands).all()
    assert (bands >= 0).all()
