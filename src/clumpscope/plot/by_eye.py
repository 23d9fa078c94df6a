"""Numbered cutouts of places that people judge by eye."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from astropy.wcs import WCS
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import map_coordinates

from clumpscope.plot.figures import YELLOW, blank_axes
from clumpscope.plot.marks import HALO, nice_length
from clumpscope.plot.view import View, middle
from clumpscope.store.atomic import atomic

Values = NDArray[np.float64]
Picture = NDArray[np.uint8]

# In inches, at _DPI:
_DPI = 100
_PANEL = 3.0
_GAP = 0.06
_NUMBER = 0.5  # to the left of the panels
_HEAD = 0.34

_CLOSE_FWHM = 20.0  # side of a close view, PSF-FWHM
_RIM = 1.05  # of the wide view, sides of what holds the galaxy
_OFF = 0.3  # grey off the image
_LOW, _HIGH = 2.0, 99.7  # percentiles that the second contrast makes black and white
_LEAST = 0.2  # between them, of the full range, so that noise stays noise
_MARK = YELLOW
_TICK_FWHM = 1.3, 2.6  # from the place to the near and the far end of a tick
_TITLES = ("whole galaxy", "the place", "unmarked", "unmarked, stretched to this view")
_WIDTH = _NUMBER + len(_TITLES) * (_PANEL + _GAP)  # inches


@dataclass(frozen=True, eq=False)
class Card:
    """One place to judge.

    Attributes
    ----------
    number
        All that a reader is told of it.
    rgb
        (ny, nx, 3) in [0, 1].
    wcs
        For north up; ``None`` shows rows as stored, downward.
    outline
        (ny, nx) bool, inside the host; nowhere True: the whole image is shown.
    xy
        (2,) native pixels.
    host_xy
        (2,) the host's centre, native pixels.
    fwhm_px
        PSF-FWHM.
    pixscale_arcsec
        Pixel side.
    scale_known
        False where it is assumed, which the scale bars tell.
    """

    number: int
    rgb: NDArray[np.float32]
    wcs: WCS | None
    outline: NDArray[np.bool_]
    xy: Values
    host_xy: Values
    fwhm_px: float
    pixscale_arcsec: float
    scale_known: bool


def drawn(card: Card) -> Picture:
    """A card as it is shown alone, under the titles of its panels: (ny, nx, 3) of 0 to 255."""
    return _pixels(card_figure(card))


def page(cards: Sequence[Picture], foot: str) -> Picture:
    """Drawn cards one below the other under one line of titles, over a last line of words."""
    head = round(_HEAD * _DPI)
    figure = Figure(figsize=(_WIDTH, _HEAD), dpi=_DPI, facecolor="black")
    _words(figure, 0.5, 0.5, foot, 10)
    return np.concatenate([cards[0], *(card[head:] for card in cards[1:]), _pixels(figure)])


def jpeg(picture: Picture) -> bytes:
    """A picture as JPEG."""
    stream = BytesIO()
    Image.fromarray(picture).save(stream, format="JPEG", quality=90)
    return stream.getvalue()


def save_png(picture: Picture, path: Path) -> None:
    """Write a picture as PNG.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    with atomic(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG", compress_level=1)


def card_figure(card: Card) -> Figure:
    """Whole galaxy, the place marked, unmarked, and with another contrast, side by side."""
    height = _HEAD + _PANEL + _GAP
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, facecolor="black")
    for k, title in enumerate(_TITLES):
        x = _NUMBER + k * (_PANEL + _GAP) + _PANEL / 2
        _words(figure, x / _WIDTH, 1 - 0.5 * _HEAD / height, title, 10)
    _words(figure, 0.5 * _NUMBER / _WIDTH, _PANEL / 2 / height, str(card.number), 17)
    axes = [
        blank_axes(figure, (_NUMBER + k * (_PANEL + _GAP), 0.0, _PANEL, _PANEL))
        for k in range(len(_TITLES))
    ]
    _card(axes, card)
    return figure


def _pixels(figure: Figure) -> Picture:
    stream = BytesIO()
    figure.savefig(stream, dpi="figure", format="rgba")
    width = round(figure.get_size_inches()[0] * _DPI)
    return np.frombuffer(stream.getvalue(), dtype=np.uint8).reshape(-1, width, 4)[..., :3].copy()


def _words(figure: Figure, x: float, y: float, text: str, size: float) -> None:
    figure.text(x, y, text, color="white", fontsize=size, ha="center", va="center")


def _card(axes: Sequence[Axes], card: Card) -> None:
    whole = View.central(card.outline.shape, card.wcs, 1.0, downward=card.wcs is None)
    close = View(whole.shape, whole.turn, whole.display(card.xy), _CLOSE_FWHM * card.fwhm_px / 2)
    wide = _wide(whole, close, card)
    near, beyond = _smooth(card.rgb, close)
    rich = stretched(near)
    near[beyond] = rich[beyond] = _OFF
    around, beyond = _smooth(card.rgb, wide)
    around[beyond] = _OFF
    for ax, view, pixels in (
        (axes[0], wide, around),
        (axes[1], close, near),
        (axes[2], close, near),
        (axes[3], close, rich),
    ):
        left, right, bottom, top = view.extent
        ax.imshow(pixels, origin="lower", extent=view.extent, interpolation="nearest")
        ax.set(xlim=(left, right), ylim=(bottom, top), autoscale_on=False)
    _scale(axes[0], wide, card)
    _scale(axes[1], close, card)
    corner, side = close.centre - close.half, 2 * close.half
    box = Rectangle((float(corner[0]), float(corner[1])), side, side, fill=False)
    box.set(edgecolor=_MARK, linewidth=0.7)
    axes[0].add_patch(box)
    _ticks(axes[1], close.centre, card.fwhm_px)


def _wide(whole: View, close: View, card: Card) -> View:
    """The view around the host's centre that holds its outline and the close view."""
    if not card.outline.any():
        return whole
    rows, cols = np.nonzero(card.outline)
    ends = (cols.min(), cols.max()), (rows.min(), rows.max())
    corners = whole.display(np.stack(np.meshgrid(*ends), axis=-1).reshape(-1, 2))
    square = close.centre + close.half * np.array([[-1, -1], [1, 1]])
    centre = whole.display(card.host_xy)
    half = float(np.abs(np.concatenate([corners, square]) - centre).max())
    return View(whole.shape, whole.turn, centre, _RIM * half)


def _smooth(rgb: NDArray[np.float32], view: View) -> tuple[Values, NDArray[np.bool_]]:
    """The window of a picture (ny, nx, 3) on the panel's cells, and which of them are off it.

    Between pixels by cubic splines.
    """
    cells = round(_PANEL * _DPI)
    left, right, bottom, top = view.extent
    steps = (np.arange(cells) + 0.5) / cells
    x, y = np.meshgrid(left + steps * (right - left), bottom + steps * (top - bottom))
    native = np.stack([x, y], axis=-1) @ np.linalg.inv(view.turn).T + middle(view.shape)
    at = [native[..., 1], native[..., 0]]
    shown = np.stack([map_coordinates(plane, at, mode="nearest") for plane in rgb.T.swapaxes(1, 2)])
    (ny, nx), off = view.shape, np.zeros(x.shape, dtype=bool)
    off |= (np.abs(at[0] - (ny - 1) / 2) > ny / 2) | (np.abs(at[1] - (nx - 1) / 2) > nx / 2)
    picture: Values = np.clip(np.moveaxis(shown, 0, -1), 0, 1)
    return picture, off


def stretched(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """A view (n, n, 3) whose own faintest and brightest light is black and white, hues kept."""
    mean = pixels.mean(axis=2)
    low, high = np.percentile(mean, [_LOW, _HIGH])
    wanted = np.clip((mean - low) / max(high - low, _LEAST), 0, 1)
    rich = pixels * np.divide(wanted, mean, out=np.zeros_like(mean), where=mean > 0)[..., None]
    most = rich.max(axis=2, keepdims=True)
    shown: NDArray[np.float64] = rich / np.maximum(most, 1)
    return shown


def _ticks(ax: Axes, centre: Values, fwhm_px: float) -> None:
    """Four thin ticks that point to a place and leave it free."""
    near, far = (reach * fwhm_px for reach in _TICK_FWHM)
    for along in (np.array([1, 0]), np.array([-1, 0]), np.array([0, 1]), np.array([0, -1])):
        ends = centre + np.outer([near, far], along)
        ax.plot(*ends.T, color=_MARK, linewidth=1.0)


def _scale(ax: Axes, view: View, card: Card) -> None:
    """A bar of a round number of arcsec, lower left."""
    left, _, bottom, _ = view.extent
    side = 2 * view.half
    arcsec = nice_length(0.25 * side * card.pixscale_arcsec)
    text = f"{arcsec:g}″" + ("" if card.scale_known else " (scale assumed)")
    x, y = left + 0.04 * side, bottom + 0.04 * side
    ends = [x, x + arcsec / card.pixscale_arcsec]
    ax.plot(ends, [y, y], color="white", linewidth=1.3, path_effects=HALO)
    style: dict[str, Any] = {"color": "white", "fontsize": 8, "path_effects": HALO}
    ax.text(x, y + 0.015 * side, text, va="bottom", **style)
