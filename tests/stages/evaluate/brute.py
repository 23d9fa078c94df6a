"""Completeness and purity by plain loops, and random surveys to count them in.

Nothing of clumpscope counts here; its schema only makes the tables.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from astropy.table import QTable

from clumpscope.core.clumps import clump_table
from clumpscope.core.records import GALAXIES, TRUTH, record_table


@dataclass
class Spot:
    """A candidate or a truth."""

    x: float
    y: float
    label: int
    ratio: float
    score: float = 1.0


@dataclass
class Survey:
    """A catalogue, the galaxies of its run, and the truth."""

    catalogue: QTable
    galaxies: QTable
    truth: QTable


def number(value):
    return float(getattr(value, "value", value))


def apart(one, other):
    return math.hypot(one.x - other.x, one.y - other.y)


def blended(truths, fwhm):
    """Groups in which each is closer than a FWHM to another; one truth for each."""
    groups = []
    for one in truths:
        near = [group for group in groups if any(apart(one, other) < fwhm for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(other for group in near for other in group), one])
    # In the order of their first members, as the truth has them.
    place = {id(one): k for k, one in enumerate(truths)}
    groups.sort(key=lambda group: min(place[id(one)] for one in group))
    return [joined(sorted(group, key=lambda one: place[id(one)])) for group in groups]


def joined(group):
    if len(group) == 1:
        return group[0]
    known = [one for one in group if one.ratio > 0]
    if known:
        total = sum(one.ratio for one in known)
        x = sum(one.x * one.ratio for one in known) / total
        y = sum(one.y * one.ratio for one in known) / total
        brightest = min(known, key=lambda one: (-one.ratio, one.label))
        return Spot(x, y, brightest.label, total)
    x, y = (sum(getattr(one, axis) for one in group) / len(group) for axis in "xy")
    unknown = all(math.isnan(one.ratio) for one in group)
    return Spot(x, y, min(one.label for one in group), math.nan if unknown else 0.0)


def matched(candidates, truths, radius):
    """(candidate, truth) pairs: best score first, each takes the nearest free truth in reach."""
    pairs, free = [], list(truths)
    for one in sorted(candidates, key=lambda spot: -spot.score):
        reached = [other for other in free if apart(one, other) < radius]
        if reached:
            nearest = min(reached, key=lambda other: apart(one, other))
            free = [other for other in free if other is not nearest]
            pairs.append((one, nearest))
    return pairs


@dataclass
class Galaxy:
    """What is in one, truths blended, with its FWHM and centre in pixels."""

    fwhm: float
    centre: list[float]
    candidates: list[Spot]
    truths: list[Spot]


def read(survey):
    """The galaxies of a survey."""
    stem = "clump_centre_px_"
    names = (f"{stem}x", f"{stem}y", "clump_label_id", "clump_flux_ratio", "clump_score")
    candidates = by_galaxy(survey.catalogue, names)
    truths = by_galaxy(survey.truth, ("x", "y", "label", "flux_ratio_u"))
    result = []
    for galaxy in survey.galaxies:
        name = str(galaxy["galaxy_id"])
        fwhm = number(galaxy["psf_fwhm_r"]) / number(galaxy["pixscale_arcsec"])
        fwhm = fwhm if math.isfinite(fwhm) else 1.0  # it failed
        centre = [number(galaxy[f"host_px_{axis}"]) for axis in "xy"]
        there = blended(truths.get(name, []), fwhm)
        result.append(Galaxy(fwhm, centre, candidates.get(name, []), there))
    return result


def by_galaxy(table, names):
    columns = [list(map(number, table[name])) for name in names]
    result = {}
    for name, *values in zip(table["galaxy_id"], *columns, strict=True):
        result.setdefault(str(name), []).append(Spot(*values))
    return result


def turned(galaxies):
    """With truths on the other side of the host; those without a known centre are left out."""
    return [
        replace(
            galaxy,
            truths=[
                replace(one, x=2 * galaxy.centre[0] - one.x, y=2 * galaxy.centre[1] - one.y)
                for one in galaxy.truths
            ],
        )
        for galaxy in galaxies
        if all(map(math.isfinite, galaxy.centre))
    ]


def tally(galaxies, ratio, threshold, label=1):
    """Found and all wanted truths, right and all claims: a list of four.

    ``label`` None is any; ``ratio`` 0 wants all.
    """
    counts = [0, 0, 0, 0]
    for galaxy in galaxies:
        truths = [one for one in galaxy.truths if label in (None, one.label)]
        candidates = [
            one
            for one in galaxy.candidates
            if label in (None, one.label) and one.score >= threshold
        ]
        pairs = matched(candidates, truths, 0.75 * galaxy.fwhm)
        for true in truths:
            if ratio == 0 or true.ratio >= ratio:
                counts[1] += 1
                counts[0] += any(true is other for _, other in pairs)
        for one in candidates:
            if ratio == 0 or one.ratio >= ratio:
                counts[3] += 1
                its = [true for candidate, true in pairs if candidate is one]
                counts[2] += any(ratio == 0 or true.ratio >= 0.01 for true in its)
    return counts


def random_survey(seed):
    """A few galaxies with all that is rare: see the places below.

    Every fourth is on whole pixels, where distances are often exactly a FWHM or a radius.
    """
    rng = np.random.default_rng(seed)
    grid = seed % 4 == 3
    galaxies, truths, candidates = [], [], []
    for k in range(rng.integers(1, 7)):
        name = f"g{(7 * k + seed) % 10}"
        fwhm = 4.0 if grid else rng.uniform(2.5, 6)
        side = int(rng.integers(30, 70))
        failed = rng.uniform() < 0.12
        here = _truths(rng, rng.integers(0, 9), fwhm, side, grid)
        seen = _candidates(rng, here, rng.integers(0, 13), fwhm, side, grid)
        centre = (side - 1) / 2 if rng.uniform() > 0.1 and not failed else math.nan
        scales = (math.nan, math.nan) if failed else (fwhm * 0.4, 0.4)
        galaxies.append((name, *scales, centre, centre, 0.1))
        truths += [(name, one) for one in here]
        candidates += [] if failed else [(name, one) for one in seen]
    if truths:  # of a galaxy that is not in the run, too
        truths += [("other", one) for one in _truths(rng, 2, 4.0, 50, grid)]
    candidates = [candidates[k] for k in rng.permutation(len(candidates))]
    truths = [truths[k] for k in rng.permutation(len(truths))]
    return Survey(_catalogue(candidates), _galaxies(galaxies), _truth(truths))


def _ratio(rng, plain):
    chance = 1.0 if plain else rng.uniform()
    return math.nan if chance < 0.1 else 0.0 if chance < 0.15 else 10 ** rng.uniform(-2.6, -0.3)


def _beside(rng, one, reach, grid):
    """A place up to ``reach`` from another one: sometimes the same."""
    far = reach * math.sqrt(rng.uniform()) * (rng.uniform() > 0.1)
    angle = rng.uniform(0, 2 * math.pi)
    if grid:  # along an axis, so that distances are whole
        far, angle = max(1, round(far)), math.pi / 2 * rng.integers(4)
    x, y = one.x + far * math.cos(angle), one.y + far * math.sin(angle)
    return (float(round(x)), float(round(y))) if grid else (x, y)


def _anywhere(rng, side, grid):
    place = rng.uniform(0, side - 1, 2)
    return (np.round(place) if grid else place).tolist()


def _truths(rng, n, fwhm, side, grid):
    result = []
    for _ in range(n):
        x, y = _anywhere(rng, side, grid)
        if result and rng.uniform() < 0.5:  # a blend, or a near neighbour
            x, y = _beside(rng, result[rng.integers(len(result))], 1.8 * fwhm, grid)
        if grid and any((x, y) == (one.x, one.y) for one in result):
            continue
        result.append(Spot(x, y, int(1 + (rng.uniform() < 0.3)), _ratio(rng, grid)))
    return result


def _candidates(rng, truths, n, fwhm, side, grid):
    result = []
    digits = rng.integers(1, 3)  # few digits, many equal scores
    for _ in range(n):
        x, y = _anywhere(rng, side, grid)
        if truths and rng.uniform() < 0.8:
            x, y = _beside(rng, truths[rng.integers(len(truths))], 1.1 * fwhm, grid)
        if result and rng.uniform() < 0.1:  # at the place of another
            x, y = result[-1].x, result[-1].y
        score = round(rng.uniform(0.1, 1), digits)
        if result and rng.uniform() < 0.15:
            score = result[-1].score
        label = int(1 + (rng.uniform() < 0.3))
        result.append(Spot(x, y, label, _ratio(rng, plain=False), score))
    return result


def _columns(rows, names):
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}


def _catalogue(rows):
    names = ("galaxy_id", "clump_id", "clump_centre_px_x", "clump_centre_px_y")
    names += ("clump_label_id", "clump_flux_ratio", "clump_score")
    table = [
        (name, k, one.x, one.y, one.label, one.ratio, one.score)
        for k, (name, one) in enumerate(rows, start=1)
    ]
    return clump_table("release", _columns(table, names))


def _galaxies(rows):
    names = ("galaxy_id", "psf_fwhm_r", "pixscale_arcsec", "host_px_x", "host_px_y")
    return record_table(GALAXIES, _columns(rows, (*names, "score_threshold")))


def _truth(rows):
    names = ("galaxy_id", "clump_id", "x", "y", "label", "flux_ratio_u")
    table = [
        (name, k, one.x, one.y, one.label, one.ratio) for k, (name, one) in enumerate(rows, start=1)
    ]
    return record_table(TRUTH, _columns(table, names))
