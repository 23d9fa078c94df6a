"""Numbers of a synthetic population come back from those of its clumps that were found."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from clumpscope.core.schema import plain
from clumpscope.errors import TableError
from clumpscope.stages.completeness.counts import (
    Counted,
    clumpy_fraction,
    corrected_counts,
    luminosity_function,
)
from clumpscope.stages.completeness.covariates import of_catalogue
from known_selection import PER_HOST, SIGMA_RATIO, population

EDGES = [0.01, 0.03, 0.08, np.inf]
N = 6000
IDS = [f"g{k:05d}" for k in range(N // PER_HOST)]


@pytest.fixture(scope="module")
def steep(selection):
    """A population far steeper than that of the fit."""
    trials, catalogue = population(N, seed=21, slope=1.2)
    return trials, catalogue, Counted.of(catalogue, IDS, selection)


def test_true_numbers_come_back_from_a_steeper_population(steep):
    trials, _, counted = steep
    table = corrected_counts(counted, EDGES, members=8)
    truth = np.histogram(trials.ratio, EDGES)[0]
    assert table["found"].sum() < 0.75 * truth.sum()
    assert np.asarray(table["true"]) == pytest.approx(truth, rel=0.1)
    assert table["true"][1:].sum() == pytest.approx(truth[1:].sum(), rel=0.04)
    pull = (table["true"] - truth) / table["true_err"]
    assert np.abs(pull).max() < 3


def test_measured_numbers_are_sums_of_one_over_completeness(steep, selection):
    """Clump by clump: those of unknown completeness count as the others of their bin."""
    _, catalogue, counted = steep
    table = corrected_counts(counted, EDGES, members=1)
    completeness = selection.measured(of_catalogue(catalogue))[0]
    ratio = plain(catalogue, "clump_flux_ratio")
    for low, high, row in zip(EDGES[:-1], EDGES[1:], table, strict=True):
        inside = [k for k in range(len(ratio)) if low <= ratio[k] < high]
        known = [1 / completeness[k] for k in inside if np.isfinite(completeness[k])]
        assert row["found"] == len(inside)
        assert row["measured"] == pytest.approx(sum(known) * len(inside) / len(known))


def test_measured_numbers_come_back_from_a_population_as_that_of_the_fit(selection):
    trials, catalogue = population(N, seed=31)
    table = corrected_counts(Counted.of(catalogue, IDS, selection), EDGES, members=1)
    # How many were to be measured in each bin, had all been found.
    below = norm.cdf((np.array(EDGES)[:, None] - trials.ratio) / SIGMA_RATIO)
    assert np.asarray(table["measured"]) == pytest.approx(np.diff(below.sum(axis=1)), rel=0.06)


def test_numbers_are_by_galaxy_and_decade(steep):
    _, _, counted = steep
    table = luminosity_function(counted, [0.01, 0.1], members=2)
    assert table["density"][0] == pytest.approx(table["true"][0] / len(IDS))
    with pytest.raises(TableError, match="finite"):
        luminosity_function(counted, EDGES)


def test_the_clumpy_fraction_comes_back(steep):
    trials, _, counted = steep
    truth = len(set(trials.host[trials.ratio >= 0.03])) / len(IDS)
    found = clumpy_fraction(counted, 0.03, members=8)
    assert found.value == pytest.approx(truth, abs=0.03)
    assert abs(found.value - truth) < 3 * found.error


def test_unreal_clumps_and_odd_ones_do_not_count(steep, selection):
    _, catalogue, counted = steep
    whole = corrected_counts(counted, EDGES, members=1)
    changed = catalogue.copy()
    changed["p_real"] = 0.1  # to be of 1 % or more: not what counts
    halved = np.full(len(changed), 0.5)
    half = corrected_counts(Counted.of(changed, IDS, selection, halved), EDGES, members=1)
    assert np.asarray(half["measured"]) == pytest.approx(np.asarray(whole["measured"]) / 2)
    assert half["true"].sum() == pytest.approx(whole["true"].sum() / 2, rel=0.01)
    changed["clump_label_id"] = 2
    with pytest.raises(TableError, match="normal clumps"):
        Counted.of(changed, IDS, selection)


def test_order_does_not_matter(steep, selection):
    _, catalogue, counted = steep
    mixed = catalogue[np.random.default_rng(1).permutation(len(catalogue))]
    one, two = (
        corrected_counts(c, EDGES, members=1) for c in (counted, Counted.of(mixed, IDS, selection))
    )
    assert np.asarray(one["true"]) == pytest.approx(np.asarray(two["true"]), rel=1e-3)


def test_bad_input_is_told(steep, selection):
    _, catalogue, counted = steep
    with pytest.raises(TableError, match="rise"):
        corrected_counts(counted, [0.1, 0.03])
    with pytest.raises(TableError, match=r"no g0\d+"):
        Counted.of(catalogue, IDS[:100], selection)
    with pytest.raises(TableError, match="twice"):
        Counted.of(catalogue, [*IDS, IDS[0]], selection)
    with pytest.raises(TableError, match="real: expected chances"):
        Counted.of(catalogue, IDS, selection, np.nan)
    short = catalogue.copy()
    short.remove_column("clump_background_g")
    with pytest.raises(TableError, match="clump_background_g"):
        Counted.of(short, IDS, selection)


def test_a_bin_of_which_nothing_is_known_is_unknown(steep):
    """Not none; those of known completeness stand for the others of their bin."""
    _, _, counted = steep
    blank = counted.completeness.copy()
    blank[counted.ratio >= 0.08] = np.nan
    table = corrected_counts(replace(counted, completeness=blank), EDGES, members=3)
    assert table["found"][2] > 0
    assert np.isnan([table["measured"][2], table["measured_err"][2]]).all()
    assert np.isfinite(table["measured"][:2]).all()
