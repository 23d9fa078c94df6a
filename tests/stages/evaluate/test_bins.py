"""Bins of what completeness and purity may depend on."""

import numpy as np
import pytest

from clumpscope.core.records import HOSTS, record_table
from clumpscope.core.schema import JY_PER_NMGY
from clumpscope.stages.evaluate.about import COVARIATES
from clumpscope.stages.evaluate.scores import evaluate
from findings import FWHM_PX, found, galaxies, truth

THERE = [("a", 49.5, 69.5, 1, 0.05), ("a", 61.5, 69.5, 1, 0.2), ("b", 20, 20, 1, 0.04)]
SEEN = [("a", 49.5, 70, 1, 0.9, 0.06), ("a", 10, 10, 1, 0.8, 0.1), ("b", 20, 20, 2, 0.7, 0.04)]


@pytest.fixture
def result():
    hosts = record_table(
        HOSTS,
        {"galaxy_id": ["b", "a"], "redshift": [0.05, 0.02], "petro_r90_arcsec": [5.0, 8.0]},
    )
    seen, table = found(SEEN), galaxies("a", "b")
    table["psf_fwhm_g"] = table["psf_fwhm_r"]
    below = 2.0 / (np.pi / 4 * FWHM_PX**2)  # as much light below the first as half of it
    for name, values in {
        "clump_flux_g": [4.0, 1.0, 1.0],
        "clump_flux_err_g": [0.5, 0.5, 0.0],
        "clump_background_g": [below, 0.0, below],
    }.items():
        seen[name] = np.array(values) * JY_PER_NMGY * seen[name].unit
    there = truth(THERE)
    there["snr"], there["contrast"] = [9.0, 30.0, 4.0], [0.3, 0.6, 0.1]
    return evaluate(seen, table, there, hosts)


def test_covariates_of_candidates_and_truths(result):
    truths, candidates = result.cases.truth.about, result.cases.found.about
    assert list(truths) == list(candidates) == list(COVARIATES)
    assert truths["redshift"].tolist() == [0.02, 0.02, 0.05]
    assert truths["psf_fwhm_arcsec"] == pytest.approx([1.6] * 3)
    # 20 px of 0.4 arcsec are a Petrosian R90 of 8 arcsec.
    assert truths["radius_r90"][0] == pytest.approx(1)
    assert truths["crowding_fwhm"] == pytest.approx([3, 3, np.inf])
    assert truths["snr"].tolist() == [9, 30, 4]
    assert candidates["snr"] == pytest.approx([8, 2, np.nan], nan_ok=True)
    assert candidates["contrast"] == pytest.approx([1, np.inf, 0.25])
    assert candidates["redshift"].tolist() == [0.02, 0.02, 0.05]


def of(result, name):
    return {
        (one.low, one.high): [
            (share.k, share.n) for share in (one.score.completeness, one.score.purity)
        ]
        for one in result.bins
        if one.against == name
    }


def test_counts_in_bins_by_hand(result):
    snr = of(result, "snr")
    assert snr[5, 10] == [(1, 1), (1, 1)]
    assert snr[0, 3] == [(0, 0), (0, 1)]
    assert snr[20, 50] == [(0, 1), (0, 0)]
    assert snr[3, 5] == [(0, 1), (0, 0)]  # the one of 4 is called odd
    ratios = of(result, "log10_flux_ratio")
    assert ratios[-1.5, -1.25] == [(1, 2), (0, 0)]
    assert ratios[-1.25, -1.0] == [(0, 0), (1, 1)]
    assert ratios[-1.0, -0.75] == [(0, 0), (0, 1)]
    assert ratios[-0.75, -0.5] == [(0, 1), (0, 0)]
    crowding = of(result, "crowding_fwhm")
    assert crowding[3, 5] == [(1, 2), (0, 0)]
    assert crowding[10, np.inf] == [(0, 1), (1, 2)]  # alone in its galaxy, or beyond 20
    contrast = of(result, "contrast")
    assert contrast[0.2, 0.5] == [(1, 1), (0, 0)]
    assert contrast[1, 2] == [(0, 0), (1, 1)]
    assert contrast[5, np.inf] == [(0, 0), (0, 1)]
    redshift = of(result, "redshift")
    assert sum(k for (k, _), _ in redshift.values()) == 1
    assert sum(n for (_, n), _ in redshift.values()) == 3


def test_every_covariate_that_is_known_is_binned(result):
    assert {one.against for one in result.bins} == {"log10_flux_ratio", *COVARIATES}
    unknown = evaluate(found(SEEN), galaxies("a", "b"), truth(THERE))
    assert {one.against for one in unknown.bins} == {
        *("log10_flux_ratio", "psf_fwhm_arcsec", "crowding_fwhm", "radius_r90"),
        *("snr", "contrast"),
    }
    assert of(unknown, "radius_r90")[0, 0.25] == [(0, 0), (0, 0)]
