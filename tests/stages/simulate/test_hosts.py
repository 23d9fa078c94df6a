"""Hosts: structure that suits the kind, fluxes that add up to the member's."""

import numpy as np
import pytest

from clumpscope.config.simulate import ClumpsConfig, HostsConfig
from clumpscope.stages.simulate.hosts import POPULATIONS, draw_host


@pytest.fixture(scope="module")
def hosts():
    rng = np.random.default_rng(2)
    return [draw_host(rng, HostsConfig(), ClumpsConfig()) for _ in range(600)]


def test_flux_in_r_is_the_member_s(hosts):
    for host in hosts[:50]:
        assert set(host.fluxes) == set(POPULATIONS)
        assert 22.5 - 2.5 * np.log10(host.total[2]) == pytest.approx(host.member.r_mag)


def test_colour_is_about_the_member_s(hosts):
    g_r = np.array([-2.5 * np.log10(host.total[1] / host.total[2]) for host in hosts])
    wanted = np.array([host.member.g_r for host in hosts])
    assert np.median(np.abs(g_r - wanted)) < 0.05


def test_bulges_are_redder_than_disks_and_these_than_young_stars(hosts):
    red = {
        name: np.array([host.fluxes[name][2] / host.fluxes[name][0] for host in hosts])
        for name in POPULATIONS
    }
    assert np.mean(red["bulge"] > red["disk"]) > 0.9
    assert np.mean(red["disk"] > red["young"]) > 0.99


def test_only_spirals_have_arms_and_only_mergers_tails(hosts):
    for host in hosts:
        assert (host.arms.number > 0) == (host.member.kind == "spiral")
        assert host.member.kind != "smooth" or not host.tail
    share = np.mean([host.tail > 0 for host in hosts])
    assert share == pytest.approx(HostsConfig().merger_share, abs=0.03)


def test_inclinations_are_those_of_disks_at_random(hosts):
    thin = [host.axis_ratio for host in hosts if host.member.kind in ("spiral", "flocculent")]
    assert np.median(thin) == pytest.approx(0.52, abs=0.08)
    assert min(thin) > 0.1


def test_clumps_are_as_many_as_the_recipe_says():
    rng = np.random.default_rng(3)
    config = ClumpsConfig(clumpless_share=0.0, mean=5.0)
    rich = [
        host.richness
        for host in (draw_host(rng, HostsConfig(smooth_share=0), config) for _ in range(300))
    ]
    assert np.mean(np.array(rich) > 0) > 0.85
    assert np.median([r for r in rich if r]) == pytest.approx(5, rel=0.15)
    none = ClumpsConfig(clumpless_share=1.0)
    drawn = [draw_host(rng, HostsConfig(merger_share=0), none) for _ in range(60)]
    assert all(host.richness == 0 for host in drawn if host.member.kind != "irregular")
