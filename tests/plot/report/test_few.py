"""Figures of a run with one clump: axes that tell where it is, and no absurd ticks."""

import re

import numpy as np

from clumpscope.core.clumps import clump_table
from clumpscope.core.records import GALAXIES, record_table
from clumpscope.plot.report.clumps import clump_charts
from clumpscope.plot.report.colours import colour_charts


def charts(size=0.0, snr=10.0):
    columns = {
        "galaxy_id": ["a"],
        "clump_id": [1],
        "clump_label_id": [1],
        "clump_flux_ratio": [0.05],
        "clump_size": [size],
        "completeness": [0.83],
    }
    for band in "ugriz":
        columns |= {f"clump_mag_{band}": [20.12], f"clump_flux_{band}": [1e-5 * snr]}
        columns[f"clump_flux_err_{band}"] = [1e-5]
    for pair in ("u_g", "g_r", "r_i"):
        columns |= {f"clump_mag_corr_{pair}": [9.0], f"clump_mag_corr_err_{pair}": [0.1]}
    clumps = clump_table("release", columns)
    galaxies = record_table(GALAXIES, {"galaxy_id": ["a"], "status": ["ok"], "n_clumps": [1]})
    return {one.title: one.svg for one in clump_charts(clumps, galaxies) + colour_charts(clumps)}


def ticks(svg):
    told = re.findall(r">(−?[\d.]+)</text>", svg)
    return np.array([float(one.replace("−", "-")) for one in told])


def test_a_point_source_has_an_axis_of_sizes():
    assert {0.0, 1.0} <= set(ticks(charts()["Sizes"]))
    assert ticks(charts()["Sizes"]).max() == 1
    assert ticks(charts(size=2.3)["Sizes"]).max() >= 2


def test_a_share_has_the_whole_axis_of_shares():
    assert {0.0, 1.0} <= set(ticks(charts()["Completeness of such clumps"]))


def test_a_logarithmic_axis_has_ticks_about_the_one_clump_and_the_dotted_line():
    for snr, wanted in ((10.0, {5, 10}), (2.0, {2, 5}), (300.0, {10, 100})):
        told = ticks(charts(snr=snr)["Signal-to-noise in u"])
        assert wanted <= set(told)
        assert len(set(told)) < 15


def test_an_axis_of_magnitudes_is_not_narrower_than_one():
    told = ticks(charts()["Signal-to-noise in u"])
    magnitudes = told[(told > 19) & (told < 21.5)]
    assert np.ptp(magnitudes) >= 0.6
