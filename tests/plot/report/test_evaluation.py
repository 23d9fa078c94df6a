"""Figures of an evaluation: their numbers by hand."""

import re

import numpy as np
from astropy.table import Table

from clumpscope.plot.report.evaluation import curve_charts, reliability


def ece(chart):
    return float(re.search(r"mean gap ([\d.]+)", chart.caption)[1])


def test_the_gap_is_that_of_bins_of_equal_count():
    p = np.repeat([0.1, 0.5, 0.9], 20)
    real = np.concatenate([np.arange(20) < k for k in (2, 10, 18)]).astype(float)
    assert ece(reliability(p, real)) == 0
    shifted = reliability(p + 0.05, real)
    assert ece(shifted) == 0.05
    assert "60 candidates in 3 bins" in shifted.caption


def test_the_order_and_the_unknown_change_nothing():
    draw = np.random.default_rng(3)
    p = draw.random(400)
    real = (draw.random(400) < p).astype(float)
    order = draw.permutation(402)
    more = [np.append(p, [np.nan, np.nan])[order], np.append(real, [1, 0])[order]]
    assert reliability(*more).caption == reliability(p, real).caption


def test_of_few_nothing_is_said():
    assert reliability(np.full(19, 0.5), np.ones(19)) is None
    assert reliability(np.full(50, np.nan), np.ones(50)) is None


def curves(*rows):
    shares = [f"{s}{end}" for s in ("completeness", "purity") for end in ("", "_low", "_high")]
    names = ("finder", "kind", "flux_ratio", "against", "low", "high", *shares)
    return Table(rows=[(*row, *([0.5] * 6)) for row in rows], names=names)


def test_only_normal_clumps_of_the_headline_are_drawn():
    table = curves(
        ("mine", "normal", "3pct", "score_threshold", 0.5, 0.5),
        ("other", "odd", "3pct", "score_threshold", 0.5, 0.5),
        ("third", "normal", "all", "score_threshold", 0.5, 0.5),
        ("mine", "normal", "3pct", "redshift", 0.0, np.inf),
    )
    trade, by_redshift = curve_charts(table, "3pct")
    assert ">mine<" in trade.svg
    assert ">other<" not in trade.svg
    assert ">third<" not in trade.svg
    assert "flux ratio ≥ 3 %" in trade.caption
    assert by_redshift.title == "Completeness by redshift"
    (every,) = curve_charts(table, "all")[:1]
    assert ">third<" in every.svg
    assert curve_charts(Table(), "3pct") == []


def ticks(svg):
    """Numbers at either axis."""
    told = re.findall(r">(−?[\d.]+)</text>", svg)
    return [float(one.replace("−", "-")) for one in told]


def test_an_axis_holds_every_bin_however_few_have_clumps():
    table = curves(
        ("mine", "normal", "3pct", "redshift", 0.02, 0.05),
        ("mine", "normal", "3pct", "redshift", 0.05, 0.2),
        ("mine", "normal", "3pct", "snr", 20.0, np.inf),
    )
    table["completeness"][1] = np.nan
    by_snr, by_redshift = curve_charts(table, "3pct")
    assert by_snr.title == "Completeness by signal-to-noise"
    across = [tick for tick in ticks(by_redshift.svg) if 0 < tick < 0.2]
    assert min(across) <= 0.05
    assert max(across) >= 0.15
    assert {19, 20, 21} <= {round(tick) for tick in ticks(by_snr.svg)}
