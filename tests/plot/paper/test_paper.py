"""Figures of the paper: what they draw is what the tables say."""

import numpy as np
import pytest
from astropy.table import Table
from astropy.wcs import WCS
from matplotlib.image import imread
from matplotlib.patches import Polygon

from clumpscope.core.boxes import Boxes
from clumpscope.plot.paper import curves, populations
from clumpscope.plot.paper.pictures import Picture, pictures, windows
from clumpscope.plot.paper.style import LABELS, grid, looks, panels, save_both, style


def shares(**columns):
    n = len(next(iter(columns.values())))
    table = Table(columns)
    for name, value in (("completeness", 0.5), ("purity", 0.75)):
        table[name] = value + 0.1 * np.arange(n) / n
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.1, table[name] + 0.1
        table[f"{name}_n"] = 10
    return table


def titles(figure):
    return [ax.get_title() for ax in figure.axes]


def test_models_look_different_and_labels_are_grey():
    names = [f"m{k}" for k in range(5)]
    found = looks([LABELS, *names])
    assert len({found[name].colour for name in names}) == 5
    assert len({found[name].marker for name in names}) == 5
    assert len({str(found[name].line) for name in names}) == 5
    assert looks(names)["m3"] == found["m3"]
    assert found[LABELS].colour == "#666666"


def test_losses_have_a_panel_each_group_and_model():
    table = Table({"group": [2, 2, 20, 20], "model": ["a", "b", "a", "b"], "epoch": [1] * 4})
    table["training_galaxies"] = [423, 423, 13140, 13140]
    table["training_loss"], table["validation_loss"] = [4.0, 3, 2, 1], [5.0, 4, 3, 2]
    figure = curves.losses(table)
    assert titles(figure)[3] == "b\nrun 20, 13,140 training galaxies"
    lines = figure.axes[3].get_lines()
    assert [line.get_ydata()[0] for line in lines] == [1, 2]
    assert figure.axes[0].get_xlabel() == "epoch"


def test_completeness_against_purity_marks_the_threshold():
    table = shares(model=["a"] * 3, score_threshold=[0.1, 0.3, 0.9])
    (ax,) = curves.against_score(table, 0.3).axes
    curve, mark = ax.get_lines()[:2]
    assert curve.get_xdata() == pytest.approx(table["completeness"])
    assert mark.get_xydata()[0] == pytest.approx([table["completeness"][1], table["purity"][1]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("completeness", "purity")


def test_cuts_have_a_panel_each():
    table = shares(model=["a"] * 2, cut=["≥ 3 %", "≥ 8 %"], score_threshold=[0.3, 0.3])
    assert titles(curves.against_score(table, 0.3)) == [
        "u flux ratio ≥ 3 %: 10 labels",
        "u flux ratio ≥ 8 %: 10 labels",
    ]


def test_lines_break_where_a_bin_has_no_clump():
    table = shares(
        group=[15] * 3,
        training_galaxies=[5060] * 3,
        model=["a"] * 3,
        log10_ratio_low=[-2.0, -1.5, -1.0],
        log10_ratio_high=[-1.5, -1.0, -0.5],
    )
    table["purity_n"] = [10, 0, 10]
    table["purity"][1] = np.nan
    (ax,) = curves.against_ratio(table, "purity").axes
    line = ax.get_lines()[0]
    assert line.get_xdata() == pytest.approx([-1.75, -1.25, -0.75])
    assert np.isnan(line.get_ydata()).tolist() == [False, True, False]
    assert "measured u flux ratio" in ax.get_xlabel()
    assert ax.get_title() == "run 15: 5,060 training galaxies"


def test_models_of_a_bin_stand_apart_under_the_number_of_its_clumps():
    table = shares(
        group=[15] * 4,
        training_galaxies=[5060] * 4,
        model=["a", "a", "b", "b"],
        log10_ratio_low=[-2.0, -1.0] * 2,
        log10_ratio_high=[-1.5, -0.5] * 2,
    )
    table["completeness_n"] = [1234, 0] * 2
    (ax,) = curves.against_ratio(table, "completeness", "true").axes
    first, second = (container.lines[0].get_xdata() for container in ax.containers)
    assert 0 < second[0] - first[0] < 0.1
    assert (first + second) / 2 == pytest.approx([-1.75, -0.75])
    assert [text.get_text() for text in ax.texts if "%" not in text.get_text()] == ["1,234"]


def test_run_groups_stand_at_their_size():
    table = shares(model=["a", "a"], group=[1, 2], training_galaxies=[70, 700])
    left, right = curves.against_size(table).axes
    assert right.get_lines()[0].get_xdata().tolist() == [70, 700]
    assert right.get_xscale() == "log"
    sizes = left.collections[0].get_sizes()
    assert sizes[1] > sizes[0]


def test_positions_are_those_of_the_image():
    table = Table({"label": [1, 1], "x": [0.30, 0.30], "y": [0.55, 0.55]})
    ax = populations.clump_positions(table, 400, 0.6).axes[0]
    count = ax.collections[0].get_array()
    row, column = np.argwhere(np.ma.filled(count, 0) == 2)[0]
    assert (row, column) == (int(0.55 * 25), int(0.30 * 25))
    assert ax.get_ylim() == (400, 0)  # rows of the picture run down
    assert ax.patches[0].get_bbox().bounds == pytest.approx((80, 80, 240, 240))


@pytest.mark.parametrize("n", [30, 3000])
def test_clouds_of_few_and_of_many(n):
    rng = np.random.default_rng(0)
    table = Table({"model": [LABELS] * n + ["a"] * n})
    table["g_r"], table["u_g"] = rng.normal(0.5, 0.2, 2 * n), rng.normal(1, 0.3, 2 * n)
    (ax,) = populations.colour_colour(table, "odd").axes
    assert ax.get_title() == f"a ({n:,})"
    assert len(ax.collections) == (2 if n == 3000 else 0)  # contours
    hosts = Table({"model": [LABELS] * n, "redshift": [0.1] * n, "galaxy_lmass": [10.0] * n})
    assert titles(populations.hosts(hosts, "galaxy_lmass")) == [f"{LABELS} ({n:,})"]
    mass = Table({"redshift": rng.random(n) / 4, "log10_mass": rng.normal(10, 0.3, n)})
    assert populations.mass_redshift(mass).axes[0].get_ylabel().endswith("M$_\\odot$")


def test_histograms():
    table = Table({"model": [LABELS, "a", "a", LABELS], "kind": ["normal", "normal", "odd", "odd"]})
    table["redshift_low"], table["redshift_high"] = 0.0, 0.1
    table["clumps"] = [3, 5, 1, 2]
    normal, odd = populations.redshifts(table).axes
    assert [patch.get_data().values.tolist() for patch in normal.patches] == [[3], [5]]
    assert odd.get_ylabel() == "odd clumps a bin"
    sizes = Table({"model": ["a", "a"], "radius_fwhm": [1.0, 99.0]})
    (ax,) = populations.box_sizes(sizes, 1.125).axes
    assert "PSF-FWHM" in ax.get_xlabel()


def picture(boxes, *, wcs=None, shape=(40, 60), scale=0.4, **other):
    n = len(boxes)
    found = Boxes.of(boxes, [2] * n, [np.nan] * n, np.full((n, 3), np.nan))
    return Picture("g", "labels", np.zeros((*shape, 3), np.float32), found, wcs, scale, **other)


def drawn_box(ax):
    (box,) = [patch for patch in ax.patches if isinstance(patch, Polygon)]
    return box.get_xy()[:4]


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_boxes_lie_on_the_picture_and_a_bar_tells_its_scale(tmp_path):
    one = picture([[30.0, 12, 40, 24]], outline=np.ones((40, 60), bool), kpc_per_arcsec=2.0)
    with style():
        figure = pictures([[one, one], [one]], zoom=0.5)
        ax = figure.axes[0]
        # Rows of a bare picture run down: its centre is at row 19.5, column 29.5.
        assert drawn_box(ax)[:, 0] == pytest.approx([0.5, 10.5, 10.5, 0.5])
        assert drawn_box(ax)[:, 1] == pytest.approx([7.5, 7.5, -4.5, -4.5])
        assert ax.get_title() == "g\nlabels (1)"
        assert words(ax) == ["2″ = 4 kpc"]
        save_both(figure, tmp_path / "figure_1.x")
    assert imread(tmp_path / "figure_1.x.png").ndim == 3
    assert (tmp_path / "figure_1.x.pdf").read_bytes().startswith(b"%PDF")


def test_north_is_up_where_the_sky_is_known():
    """Columns grow to the south, so that the box of the last ones is drawn lowest."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.0, 2.0], [30.5, 20.5]
    wcs.wcs.cd = np.array([[0, -0.4], [-0.4, 0]]) / 3600
    ax = pictures([[picture([[50.0, 18, 54, 22]], wcs=wcs)]]).axes[0]
    middle = drawn_box(ax).mean(axis=0)
    assert middle == pytest.approx([0.5, -22.5], abs=0.01)
    assert {"N", "E"} <= set(words(ax))


def test_a_row_is_of_one_scale_on_the_sky_and_holds_all_boxes():
    near, far = picture([[25.0, 15, 35, 25]]), picture([], shape=(240, 240), scale=0.1)
    one, other = windows([near, far], 0.5)
    assert (one.half, other.half) == pytest.approx((15, 60))
    wide = picture([[25.0, 15, 35, 25], [0.0, 15, 4, 25]])
    one, other = windows([wide, far], 0.5)
    assert one.half > 29.5  # to the edge of the box
    assert other.half == pytest.approx(4 * one.half)
    assert words(pictures([[picture([], scale=np.nan)]]).axes[0]) == []


def test_panels_hold_all():
    for count in range(1, 8):
        rows, columns = grid(count)
        assert rows * columns >= count > (rows - 1) * columns
        assert columns <= 3
    assert grid(4) == (2, 2)
    assert panels(2, 3)[1].shape == (2, 3)
