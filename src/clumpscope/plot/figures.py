"""What every figure needs: its colours, axes without ticks, and a place on the disk."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clumpscope.core.boxes import Label
from clumpscope.errors import FolderError, expected_got
from clumpscope.store.atomic import atomic

# Colour-blind safe (Okabe & Ito 2008).
VERMILION, ORANGE, YELLOW = "#D55E00", "#E69F00", "#F0E442"
GREEN, SKY, BLUE, PURPLE = "#009E73", "#56B4E9", "#0072B2", "#CC79A7"
COLOURS = {Label.CLUMP: SKY, Label.ODD: ORANGE}
TRUTH = YELLOW
OUTLINE = "#FFFFFF"


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG at its own resolution.

    Raises
    ------
    StoreError
        If it cannot be written, or the name does not end in .png.
    """
    if path.suffix.lower() != ".png":
        raise FolderError(expected_got("picture", "a name ending in .png", path.name))
    with atomic(path) as temporary:
        # Noise does not shrink, however long one tries.
        figure.savefig(temporary, dpi="figure", format="png", pil_kwargs={"compress_level": 1})


def blank_axes(figure: Figure, place: tuple[float, float, float, float]) -> Axes:
    """Axes without ticks and frame at left, bottom, width, height in inches."""
    width, height = figure.get_size_inches()
    left, bottom, across, up = place
    ax = figure.add_axes((left / width, bottom / height, across / width, up / height))
    ax.set_axis_off()
    return ax
