"""One galaxy large: every artist where the sky says, on a turned image that is not square."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, Polygon
from matplotlib.text import Annotation

import scenes
from clumpscope.core.boxes import Boxes
from clumpscope.core.clumps import clump_table
from clumpscope.core.galaxy import ColourImage
from clumpscope.plot import Portrait, portrait

SHAPE, ROTATION = (60, 90), 25.0
BLUE, ORANGE = "#56b4e9", "#e69f00"
XY = np.array([[30.0, 20.0], [60.0, 35.0]])
FWHM = {"g": 1.5, "r": 1.2, "i": 1.1}


def wcs():
    return scenes.make_wcs(SHAPE, rotation_deg=ROTATION)


def image(**changes):
    values = {"fwhm_arcsec": FWHM, "bands": "gri", "wcs": wcs(), "host_flux": 50.0}
    return scenes.galaxy("ngc1", SHAPE, XY, **{**values, **changes})


def box(xy, half):
    return [xy[0] - half, xy[1] - half, xy[0] + half, xy[1] + half]


def clumps(n=2):
    half = 3.0
    return clump_table(
        "positions",
        {
            "galaxy_id": ["ngc1"] * n,
            "clump_id": np.arange(1, n + 1),
            "clump_label_id": [1, 2][:n],
            "clump_score": [0.95, 0.71][:n],
            **{f"clump_centre_px_{axis}": XY[:n, k] for k, axis in enumerate("xy")},
            **{
                f"clump_px_{name}": [box(xy, half)[k] for xy in XY[:n]]
                for k, name in enumerate(("x1", "y1", "x2", "y2"))
            },
            "flags": [0, 1 << 10][:n],
        },
    )


def scene(**changes):
    found = [box(XY[0], 3.0), box(XY[1], 3.0), box((45.0, 30.0), 2.0), box((20.0, 40.0), 2.0)]
    values = {
        "image": image(),
        "rgb": np.zeros((*SHAPE, 3), dtype=np.float32),
        "outline": np.zeros(SHAPE, dtype=bool),
        "boxes": Boxes.of(found, [1, 2, 1, 2], [0.95, 0.71, 0.55, 0.12], np.zeros((4, 3))),
        "threshold": 0.5,
        "clumps": clumps(),
        "aperture_fwhm": 1.125,
    }
    return Portrait(**{**values, **changes})


def place(xy):
    """Display coordinates by the sky: pixel sides west and north of the image's centre."""
    sky = wcs()
    centre = sky.pixel_to_world(44.5, 29.5)
    east, north = centre.spherical_offsets_to(sky.pixel_to_world(*xy))
    return np.array([-east.arcsec, north.arcsec]) / scenes.PIXSCALE


def polygons(ax):
    return [patch for patch in ax.patches if isinstance(patch, Polygon)]


def apertures(ax):
    return [patch for patch in ax.patches if isinstance(patch, Circle) and not patch.get_fill()]


def texts(ax):
    return {text.get_text(): text for text in ax.texts if not isinstance(text, Annotation)}


def test_boxes_lie_and_look_as_they_should():
    ax = portrait(scene()).axes[0]
    drawn = polygons(ax)
    assert len(drawn) == 4
    corners = [(-3, -3), (3, -3), (3, 3), (-3, 3)]
    for patch, xy in zip(drawn, XY, strict=False):
        expected = [place(np.add(xy, corner)) for corner in corners]
        assert patch.get_xy()[:4] == pytest.approx(np.array(expected), abs=0.01)
    for patch, xy in zip(drawn[2:], ((45, 30), (20, 40)), strict=True):
        assert patch.get_xy()[:4].mean(axis=0) == pytest.approx(place(xy), abs=0.01)
    assert [to_hex(patch.get_edgecolor()) for patch in drawn] == [BLUE, ORANGE, BLUE, ORANGE]
    assert [patch.get_linestyle() == "solid" for patch in drawn] == [True, True, True, False]
    widths = [patch.get_linewidth() for patch in drawn]
    assert widths[0] == widths[1] > widths[2] > widths[3]


def test_every_box_has_its_score_and_every_clump_its_number_beside_it():
    ax = portrait(scene()).axes[0]
    found = texts(ax)
    anchors = {
        r"$\mathbf{1}$ 0.95": XY[0],
        r"$\mathbf{2}$ 0.71": XY[1],
        "0.55": (45, 30),
        "0.12": (20, 40),
    }
    for words, xy in anchors.items():
        offset = np.array(found[words].get_position()) - place(xy)
        assert 3 < np.hypot(*offset) < 12, words
        assert to_hex(found[words].get_color()) == (BLUE if words[-2:] == "55" or "{1}" in words
                                                    else ORANGE)  # fmt: skip


def test_apertures_are_of_each_band():
    figure = portrait(scene())
    names = ["r", "g", "r", "i"]  # the composite has that of the reference band
    axes = [figure.axes[0], *figure.axes[2:]]
    for ax, band in zip(axes, names, strict=True):
        circles = apertures(ax)
        assert [circle.radius for circle in circles] == pytest.approx(
            [1.125 * FWHM[band] / scenes.PIXSCALE] * 2
        )
        for circle, xy in zip(circles, XY, strict=True):
            assert circle.center == pytest.approx(place(xy), abs=0.01)
    assert [next(iter(texts(ax))) for ax in axes[1:]] == ["g", "r", "i"]


def test_psf_scale_bar_and_compass():
    figure = portrait(scene(redshift=0.05, kpc_per_arcsec=0.977))
    ax = figure.axes[0]
    (psf,) = [p for p in ax.patches if isinstance(p, Circle) and p.get_fill()]
    assert 2 * psf.radius * scenes.PIXSCALE == pytest.approx(FWHM["r"])
    words = texts(ax)
    assert "PSF-FWHM r 1.20″" in words
    (bar,) = [line for line in ax.lines if np.ptp(line.get_ydata()) == 0]
    arcsec = np.ptp(bar.get_xdata()) * scenes.PIXSCALE
    side = np.ptp(ax.get_xlim()) * scenes.PIXSCALE
    assert arcsec == pytest.approx(2)
    assert 0.1 * side < arcsec <= 0.25 * side
    assert "2″ = 1.95 kpc" in words
    (foot,) = {arrow.xyann for arrow in ax.texts if isinstance(arrow, Annotation)}
    north, east = (np.array(words[name].get_position()) - foot for name in "NE")
    assert north / np.hypot(*north) == pytest.approx([0, 1], abs=1e-3)
    assert east / np.hypot(*east) == pytest.approx([-1, 0], abs=1e-3)


def test_pixels_outline_and_masks_lie_where_the_sky_says():
    rgb = np.zeros((*SHAPE, 3), dtype=np.float32)
    rgb[35, 60] = [0, 1, 0]
    galaxy = image()
    galaxy.bands["g"].mask[20, 30] = 4
    y, x = np.indices(SHAPE)
    outline = np.hypot(x - 40, y - 28) < 9
    figure = portrait(scene(image=galaxy, rgb=rgb, outline=outline))
    ax = figure.axes[0]
    left, right, bottom, _ = ax.images[0].get_extent()

    def where(lit):
        step = (right - left) / lit.shape[0]
        return np.argwhere(lit).mean(axis=0)[::-1] * step + step / 2 + [left, bottom]

    pixels, shade = (item.get_array() for item in ax.images)
    assert where(pixels[..., 1] > 0.9) == pytest.approx(place((60, 35)), abs=0.1)
    assert where(shade[..., 3] > 0) == pytest.approx(place((30, 20)), abs=0.1)
    (contour,) = ax.collections
    points = np.vstack([path.vertices for path in contour.get_paths()])
    radius = np.hypot(*(points - place((40, 28))).T)
    assert radius == pytest.approx(np.full(len(points), 9.0), abs=1.0)
    shaded = [len(band.images) for band in figure.axes[2:]]
    assert shaded == [2, 1, 1]  # only g has a masked pixel
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"host outline", "masked"} <= set(names)


def test_bands_are_turned_like_the_composite():
    galaxy = image(noise=False, host_flux=0.0)
    galaxy.bands["i"].data[:] = 0
    galaxy.bands["i"].data[20, 30] = 1
    figure = portrait(scene(image=galaxy))
    ax = figure.axes[4]
    left, right, bottom, _ = ax.images[0].get_extent()
    lit = np.ma.filled(ax.images[0].get_array(), 0) > 0.5
    step = (right - left) / lit.shape[0]
    centre = np.argwhere(lit).mean(axis=0)[::-1] * step + step / 2 + [left, bottom]
    assert centre == pytest.approx(place((30, 20)), abs=0.3)
    assert figure.axes[0].get_xlim() == ax.get_xlim()


def test_the_title_says_which_galaxy_where_and_how_many():
    words = [text.get_text() for text in portrait(scene(redshift=0.0456)).texts]
    assert words[0] == "ngc1"
    assert "10:00:00.0 +20:00:00.0 (ICRS)" in words[1]
    assert "RA 150.00000°, Dec +20.00000°" in words[1]
    assert "z = 0.0456" in words[1]
    assert "score threshold 0.50" in words[1]
    assert "2 clumps from 4 boxes" in words[1]


def test_the_table_stands_beside():
    words = [text.get_text() for text in portrait(scene()).axes[1].texts]
    wanted = ["1", "0.95", "30.0", "20.0"]
    assert [word for word in words if word in wanted] == wanted
    assert "OVERLAP" in words


def test_a_failure_is_written_in_the_figure():
    words = [text.get_text() for text in portrait(scene(failure="measure: no band u")).texts]
    assert "measure: no band u" in words


def test_a_bare_picture_has_no_compass_and_no_bands():
    pixels = np.random.default_rng(0).random((*SHAPE, 3)).astype(np.float32)
    picture = ColourImage("p1", pixels, scenes.PIXSCALE, 1.2, psf_assumed=True)
    figure = portrait(scene(image=picture, rgb=pixels))
    assert len(figure.axes) == 2
    ax = figure.axes[0]
    assert "N" not in texts(ax)
    assert "PSF-FWHM (assumed) 1.20″" in texts(ax)
    circle = apertures(ax)[0]
    assert circle.center == pytest.approx([30 - 44.5, -(20 - 29.5)])  # rows run down


def test_without_wcs_there_is_no_scale():
    galaxy = image()
    for plane in galaxy.bands.values():
        object.__setattr__(plane, "wcs", None)
    ax = portrait(scene(image=galaxy, clumps=clumps(0))).axes[0]
    assert not apertures(ax)
    assert not [text for text in texts(ax) if "″" in text]


def test_nothing_found_is_drawn_too():
    figure = portrait(scene(boxes=Boxes.empty(), clumps=clumps(0)))
    assert not polygons(figure.axes[0])
    assert "no clumps" in texts(figure.axes[1])
    low, high = figure.axes[0].get_xlim()
    assert high - low == pytest.approx(0.62 * 90)


def test_the_window_holds_all_that_is_drawn_and_the_figure_is_1600_wide():
    figure = portrait(scene())
    assert figure.get_size_inches()[0] * figure.dpi == 1600
    ax = figure.axes[0]
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert right - left == pytest.approx(top - bottom)
    corners = np.vstack([patch.get_xy() for patch in polygons(ax)])
    assert left < corners[:, 0].min() < corners[:, 0].max() < right
    assert bottom < corners[:, 1].min() < corners[:, 1].max() < top
    box = ax.get_position()
    width, height = figure.get_size_inches()
    assert box.width * width == pytest.approx(box.height * height)  # circles stay circles


@pytest.mark.parametrize("n", [30])
def test_many_clumps_make_a_longer_figure(n):
    rng = np.random.default_rng(0)
    many = clump_table(
        "positions",
        {
            "galaxy_id": ["ngc1"] * n,
            "clump_id": np.arange(1, n + 1),
            "clump_label_id": rng.integers(1, 3, n),
            "clump_score": rng.uniform(0.5, 1, n),
            "clump_centre_px_x": rng.uniform(10, 80, n),
            "clump_centre_px_y": rng.uniform(10, 50, n),
            **{f"clump_px_{name}": np.full(n, 10.0) for name in ("x1", "y1")},
            **{f"clump_px_{name}": np.full(n, 14.0) for name in ("x2", "y2")},
        },
    )
    few, long = portrait(scene()), portrait(scene(clumps=many))
    assert long.get_size_inches()[1] > few.get_size_inches()[1]
    rows = [text for text in long.axes[1].texts if text.get_text() == str(n)]
    assert rows[0].get_position()[1] > 0
