"""Completeness and purity of random surveys, counted again by plain loops."""

import math

import numpy as np
import pytest
from brute import Spot, blended, matched, random_survey, read, tally, turned

from clumpscope.core.boxes import Label
from clumpscope.stages.evaluate.cases import cases
from clumpscope.stages.evaluate.counts import counts
from clumpscope.stages.evaluate.matches import matches
from clumpscope.stages.evaluate.scores import evaluate

THRESHOLDS = np.array([0.0, 0.2, 0.5, 0.55, 0.9])
RATIOS = (0.0, 0.03, 0.08)


def four(score):
    return [score.completeness.k, score.completeness.n, score.purity.k, score.purity.n]


@pytest.mark.parametrize("tens", range(20))
def test_counts_are_those_of_loops(tens):
    for seed in range(10 * tens, 10 * tens + 10):
        survey = random_survey(seed)
        galaxies = read(survey)
        items = cases(survey.catalogue, survey.galaxies, survey.truth)
        for label in (Label.CLUMP, None) if seed % 2 else (Label.CLUMP, Label.ODD):
            pairs = matches(items, label)
            for ratio in RATIOS:
                scores = counts(items, pairs, ratio, label, THRESHOLDS).scores()
                for threshold, score in zip(THRESHOLDS, scores, strict=True):
                    assert four(score) == tally(galaxies, ratio, threshold, label), (
                        seed,
                        threshold,
                    )


@pytest.mark.parametrize("seed", range(200, 220))
def test_evaluations_are_those_of_loops(seed):
    """Every selection at the run's threshold, chance included, and one point of its curve."""
    survey = random_survey(seed)
    result = evaluate(survey.catalogue, survey.galaxies, survey.truth)
    galaxies = read(survey)
    labels = {"normal": 1, "odd": 2, "any_label": None, "chance": 1}
    assert set(result.selected) == {(kind, ratio) for kind in labels for ratio in RATIOS}
    for (kind, ratio), selected in result.selected.items():
        these = turned(galaxies) if kind == "chance" else galaxies
        by_loops = {t: tally(these, ratio, t, labels[kind]) for t in (0.0, 0.6)}
        assert four(selected.own) == by_loops[0]
        curve = dict(selected.curve)
        assert four(curve[0.6]) == by_loops[0.6]


def test_random_surveys_cover_what_is_rare():
    """Else the tests above would not say much."""
    surveys = [random_survey(seed) for seed in range(100)]
    there = [np.unique(survey.truth["galaxy_id"].astype(str)).size for survey in surveys]
    assert sum(n <= len(survey.galaxies) for n, survey in zip(there, surveys, strict=True)) > 20
    assert sum(len(survey.truth) == 0 for survey in surveys) > 0
    assert sum(len(survey.catalogue) == 0 for survey in surveys) > 0
    assert sum(np.isnan(survey.galaxies["psf_fwhm_r"].value).sum() for survey in surveys) > 20
    for table, column in (("catalogue", "clump_flux_ratio"), ("truth", "flux_ratio_u")):
        ratios = np.concatenate([np.array(getattr(one, table)[column]) for one in surveys])
        assert np.isnan(ratios).sum() > 50
    assert (
        sum(len(np.unique(one.catalogue["clump_score"])) < len(one.catalogue) for one in surveys)
        > 50
    )
    items = [cases(one.catalogue, one.galaxies, one.truth) for one in surveys]
    rows = sum((one.truth["galaxy_id"] != "other").sum() for one in surveys)
    assert sum(len(one.truth) for one in items) < 0.9 * rows  # blends
    hits = sum(tally(read(one), 0.03, 0)[0] for one in surveys)
    assert hits > 100


def test_loops_by_hand():
    chain = [Spot(0, 0, 1, 0.01), Spot(3.9, 0, 2, 0.03), Spot(7.8, 0, 1, math.nan)]
    (one,) = blended(chain, 4)
    assert (one.x, one.label, one.ratio) == (pytest.approx(3.9 * 3 / 4), 2, pytest.approx(0.04))
    assert len(blended([Spot(0, 0, 1, 1), Spot(4, 0, 1, 1)], 4)) == 2
    joins = [Spot(0, 0, 1, 0.1), Spot(6, 0, 2, 0.2), Spot(3, 0, 1, 0.1)]  # the last joins two
    assert len(blended(joins, 4)) == 1
    worse, better = Spot(1, 0, 1, 1, 0.5), Spot(2, 0, 1, 1, 0.9)
    near, far = Spot(1, 0, 1, 1), Spot(4.9, 0, 1, 1)
    assert matched([worse, better], [near, far], 3) == [(better, near)]
    assert matched([worse, better], [near, far], 4) == [(better, near), (worse, far)]
    assert matched([worse], [Spot(4, 0, 1, 1)], 3) == []
