import numpy as np
import pytest

from clumpscope.ops.stellar_locus import stellar_distance, stellar_locus


def magnitudes(colours):
    """u g r i of r = 18 from (n, 3) u-g, g-r, r-i."""
    colours = np.atleast_2d(colours)
    r = np.full(len(colours), 18.0)
    g = r + colours[:, 1]
    return np.column_stack([g + colours[:, 0], g, r, r - colours[:, 2]])


def test_the_locus_is_that_of_the_table():
    """g-r + r-i must be g-i, and an M dwarf of g-i = 2.5 has g-r 1.42 (Covey et al. 2007)."""
    locus = stellar_locus()
    g_i = np.arange(0.1, 3.8, 0.02)
    assert locus[:, 1] + locus[:, 2] == pytest.approx(g_i, abs=0.03)
    m_dwarf = locus[np.argmin(np.abs(g_i - 2.5))]
    assert m_dwarf == pytest.approx([2.60, 1.42, 1.07], abs=0.02)


def test_stars_are_stars_and_clumps_are_not():
    locus = stellar_locus()[[20, 60, 120]]
    clump = np.array([[0.4, 0.0, 0.0]])
    mags = magnitudes(np.vstack([locus, clump]))
    distance, stellar = stellar_distance(mags, np.full(mags.shape, 0.03))
    assert stellar.tolist() == [True, True, True, False]
    assert distance[:3] == pytest.approx(0, abs=0.02)
    assert distance[3] > 0.5


def test_colours_that_say_nothing_flag_nothing():
    mags = magnitudes([[0.9, 0.35, 0.0], [0.9, 0.35, 0.0]])
    errors = np.array([[0.5, 0.02, 0.02, 0.02], [np.nan, 0.02, 0.02, 0.02]])
    distance, stellar = stellar_distance(mags, errors)
    assert not stellar.any()
    assert np.isfinite(distance[0])
    assert np.isnan(distance[1])


def test_drawn_stars_are_flagged_as_often_as_asked():
    rng = np.random.default_rng(3)
    errors = np.full((4000, 4), 0.05)
    true = stellar_locus()[rng.integers(10, 150, 4000)] + rng.normal(0, 0.05, (4000, 3))
    mags = magnitudes(true) + rng.normal(0, errors)
    assert stellar_distance(mags, errors)[1].mean() == pytest.approx(0.95, abs=0.03)
