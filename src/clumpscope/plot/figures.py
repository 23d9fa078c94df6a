"""What every figure needs."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from clumpscope.store.atomic import atomic


def save(figure: Figure, path: Path, dpi: int = 110) -> None:
    """Write a figure as PNG.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    FigureCanvasAgg(figure)
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=dpi, format="png")
