"""What must hold of completeness and purity whatever the survey."""

from dataclasses import replace

import numpy as np
from astropy.table import vstack
from brute import random_survey
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.core.boxes import Label
from clumpscope.stages.evaluate.cases import cases
from clumpscope.stages.evaluate.counts import counts
from clumpscope.stages.evaluate.matches import matches
from clumpscope.stages.evaluate.scores import evaluate

SEEDS = st.integers(0, 10_000)
OFF_GRID = SEEDS.filter(lambda seed: seed % 4 != 3)  # where rounding decides nothing
STEPS = np.arange(0, 1, 0.1)
law = settings(max_examples=15, deadline=None)


def judged(survey):
    return evaluate(survey.catalogue, survey.galaxies, survey.truth)


def counted(score):
    return [score.completeness.k, score.completeness.n, score.purity.k, score.purity.n]


def figures(survey):
    """Counts of every selection at every threshold, and the confusion of labels."""
    result = judged(survey)
    selected = {
        key: [counted(score) for score in (one.own, *(score for _, score in one.curve))]
        for key, one in result.selected.items()
    }
    return selected, result.confusion


def distinct(survey, seed):
    """The same with no two equal scores, and no two truths of which neither is the brighter."""
    rng = np.random.default_rng(seed)
    catalogue, truth = survey.catalogue.copy(), survey.truth.copy()
    dark = np.flatnonzero(~(truth["flux_ratio_u"] > 0))
    truth["flux_ratio_u"][dark] = np.linspace(0.001, 0.002, len(dark))
    catalogue["clump_score"] = rng.permutation(np.linspace(0.1, 0.99, len(catalogue)))
    return replace(survey, catalogue=catalogue, truth=truth)


def per_galaxy(survey, label=Label.CLUMP):
    """(G, ...) hits, truths, right and all claims of each galaxy."""
    items = cases(survey.catalogue, survey.galaxies, survey.truth)
    one = counts(items, matches(items, label), 0.03, label, STEPS)
    return np.column_stack([one.hit, one.there, one.right, one.called])


@law
@given(SEEDS)
def test_a_false_detection_never_raises_purity(seed):
    """One far from everything, called normal or odd, at any score and place in the table."""
    survey = random_survey(seed)
    if not len(survey.catalogue):
        return
    rng = np.random.default_rng(seed)
    false = survey.catalogue[rng.integers(len(survey.catalogue), size=1)].copy()
    false["clump_centre_px_x"] += 1e5 * false["clump_centre_px_x"].unit
    false["clump_score"] = rng.uniform(0.1, 1)
    false["clump_flux_ratio"] = 0.2
    label = int(false["clump_label_id"][0])
    more = replace(survey, catalogue=vstack([false, survey.catalogue], metadata_conflicts="silent"))
    before, after = judged(survey), judged(more)
    assert before.selected.keys() == after.selected.keys()
    for key, old in before.selected.items():
        new = after.selected[key]
        pairs = [(old.own, new.own)]
        pairs += [(a, b) for (_, a), (_, b) in zip(old.curve, new.curve, strict=True)]
        for a, b in pairs:
            assert not b.purity.value > a.purity.value
            assert (b.purity.k, b.completeness.k) == (a.purity.k, a.completeness.k)
        if key[0] == "chance":  # of galaxies with a known centre
            continue
        counts_it = key[0] == "any_label" or label == (2 if key[0] == "odd" else 1)
        assert new.own.purity.n == old.own.purity.n + counts_it


@law
@given(SEEDS)
def test_a_higher_threshold_never_raises_completeness(seed):
    """Nor the numbers of right and of all claims."""
    for rows in figures(random_survey(seed))[0].values():
        hit, there, right, called = np.transpose(rows)
        for fewer in (hit, right, called):
            assert (np.diff(fewer) <= 0).all()
        assert len(set(there)) == 1


@law
@given(OFF_GRID)
def test_the_order_of_rows_does_not_matter(seed):
    survey = distinct(random_survey(seed), seed)
    rng = np.random.default_rng(seed)
    mixed = replace(
        survey,
        **{name: table[rng.permutation(len(table))] for name, table in vars(survey).items()},
    )
    assert figures(mixed) == figures(survey)


@law
@given(OFF_GRID, st.sampled_from(["x", "y", "transposed"]))
def test_flipped_and_transposed_images_give_the_same(seed, how):
    survey = random_survey(seed)
    columns = {"catalogue": "clump_centre_px_{}", "galaxies": "host_px_{}", "truth": "{}"}
    turned = {}
    for name, stem in columns.items():
        table = getattr(survey, name).copy()
        x, y = (table[stem.format(axis)].copy() for axis in "xy")
        if how == "transposed":
            table[stem.format("x")], table[stem.format("y")] = y, x
        else:
            last = 69 * x.unit
            table[stem.format(how)] = last - (x if how == "x" else y)
        turned[name] = table
    assert figures(replace(survey, **turned)) == figures(survey)


@law
@given(SEEDS, st.sampled_from([*Label][1:]))
def test_truths_of_other_galaxies_change_nothing_in_one(seed, label):
    survey = random_survey(seed)
    before = per_galaxy(survey, label)
    rng = np.random.default_rng(seed)
    for k, name in enumerate(survey.galaxies["galaxy_id"]):
        moved = survey.truth.copy()
        others = np.flatnonzero(moved["galaxy_id"] != name)
        for axis in "xy":
            moved[axis][others] += rng.uniform(-9, 9, len(others)) * moved[axis].unit
        after = per_galaxy(replace(survey, truth=moved), label)
        assert (after[k] == before[k]).all()


def test_moving_its_own_truths_does_change_a_galaxy():
    """Else the law above would say nothing."""
    changed = []
    for seed in range(10):
        survey = random_survey(seed)
        moved = survey.truth.copy()
        moved["x"] += 9 * moved["x"].unit
        changed.append((per_galaxy(replace(survey, truth=moved)) != per_galaxy(survey)).any())
    assert sum(changed) > 5
