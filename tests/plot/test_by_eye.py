"""Cards of places that people judge."""

from io import BytesIO

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from scipy.ndimage import center_of_mass

import scenes
from clumpscope.plot.by_eye import Card, card_figure, drawn, jpeg, page, save_png, stretched

FWHM = 4.0
HOST = np.array([55.0, 40.0])


def card(number=7, xy=(60.0, 30.0), wcs=None, known=True):
    """A grey picture of 90 x 120 px with a blue spot at (60, 30)."""
    rgb = np.full((90, 120, 3), 0.2, dtype=np.float32)
    rgb[..., 2] += scenes.point_sources((90, 120), [(60, 30)], 10, FWHM).astype(np.float32)
    outline = np.zeros((90, 120), dtype=bool)
    outline[20:60, 30:80] = True
    return Card(number, rgb, wcs, outline, np.array(xy), HOST, FWHM, 0.4, known)


def shown(ax):
    """The pixels of a panel and where they lie."""
    image = ax.images[0]
    return np.asarray(image.get_array()), image.get_extent()


def test_the_place_is_in_the_middle_of_the_close_views_and_only_one_is_marked():
    figure = card_figure(card())
    assert len(figure.axes) == 4
    for close in figure.axes[1:4]:
        pixels, (left, right, *_) = shown(close)
        spot = pixels[..., 2] - pixels[..., 0]
        row, column = center_of_mass(np.where(spot > spot.max() / 2, spot, 0))
        assert abs(row - 149.5) < 1
        assert abs(column - 149.5) < 1
        assert right - left == 20 * FWHM
    yellow = [
        sum(to_rgb(line.get_color()) == to_rgb("#F0E442") for line in ax.lines)
        for ax in figure.axes[:4]
    ]
    assert yellow == [0, 4, 0, 0]
    assert [len(ax.patches) for ax in figure.axes[:4]] == [1, 0, 0, 0]


def test_the_ticks_leave_the_place_free():
    ax = card_figure(card()).axes[1]
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    centre = np.array([left + right, bottom + top]) / 2
    ticks = [line for line in ax.lines if to_rgb(line.get_color()) == to_rgb("#F0E442")]
    nearest = [np.hypot(*(line.get_xydata() - centre).T).min() for line in ticks]
    assert min(nearest) > FWHM


def test_rows_run_down_without_a_wcs_and_north_is_up_with_one():
    down, _ = shown(card_figure(card(xy=(60.0, 20.0))).axes[1])
    up, _ = shown(card_figure(card(xy=(60.0, 20.0), wcs=scenes.make_wcs((90, 120)))).axes[1])
    bluest = [np.unravel_index(np.argmax(p[..., 2]), p.shape[:2])[0] for p in (down, up)]
    assert bluest[0] < 140  # y of the spot is larger, so it is lower where rows run down
    assert bluest[1] > 160


def test_the_whole_galaxy_and_the_place_are_in_the_wide_view():
    ax = card_figure(card(xy=(110.0, 80.0))).axes[0]
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    box = ax.patches[0]
    assert left <= box.get_x()
    assert box.get_x() + box.get_width() <= right
    assert bottom <= box.get_y()
    assert box.get_y() + box.get_height() <= top
    corner = np.array([30, 20]) - [59.5, 44.5]  # of the outline, rows down
    assert left <= corner[0]
    assert -corner[1] <= top
    middle = (HOST - [59.5, 44.5]) * [1, -1]
    assert np.allclose([(left + right) / 2, (bottom + top) / 2], middle)


def test_a_card_says_its_number_and_scale_and_nothing_more():
    figure = card_figure(card(number=42, known=False))
    words = [text.get_text() for text in figure.texts]
    assert words[-1] == "42"
    assert words[0] == "whole galaxy"
    bars = {text.get_text() for ax in figure.axes for text in ax.texts}
    assert bars == {"10″ (scale assumed)", "5″ (scale assumed)"}
    assert {text.get_text() for text in card_figure(card()).axes[1].texts} == {"5″"}
    bar = figure.axes[1].lines[0].get_xdata()
    assert np.ptp(bar) == pytest.approx(5 / 0.4)


def test_the_second_contrast_keeps_hues_and_does_not_make_noise_of_darkness():
    ramp = np.linspace(0.2, 0.6, 64).reshape(8, 8)
    pixels = np.stack([ramp, ramp * 0.8, ramp * 0.5], axis=-1)
    found = stretched(pixels)
    assert found.min() == 0
    assert found.max() > 0.99
    lit = found[..., 0] > 0.1
    assert np.allclose(found[lit][:, 1] / found[lit][:, 0], 0.8)
    dark = stretched(0.02 + 0.01 * np.random.default_rng(1).random((20, 20, 3)))
    assert dark.max() < 0.2
    assert np.isfinite(stretched(np.zeros((4, 4, 3)))).all()


def test_a_page_has_its_cards_below_each_other_under_one_line_of_titles():
    first, second = drawn(card(1)), drawn(card(2, xy=(40.0, 50.0)))
    assert first.shape == (340, 1274, 3)
    both = page([first, second], "kinds")
    assert both.shape == (340 + 306 + 34, 1274, 3)
    assert (both[:340] == first).all()
    assert (both[340:646] == second[34:]).all()
    foot = both[646:]
    assert foot.max() > 200  # words
    assert (second[:34] == first[:34]).all()  # titles


def test_a_picture_keeps_its_size_in_a_file(tmp_path):
    pixels = drawn(card())
    with Image.open(BytesIO(jpeg(pixels))) as image:
        assert image.format == "JPEG"
        assert image.size == (1274, 340)
        assert np.abs(np.asarray(image).astype(float) - pixels).mean() < 3
    save_png(pixels, tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as image:
        assert (np.asarray(image) == pixels).all()
