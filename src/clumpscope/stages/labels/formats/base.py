"""What a format of labels is, and what it may ask of the images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from astropy.table import QTable

from clumpscope.core.grid import Grid


@dataclass(frozen=True)
class Images:
    """What formats may ask of the images that labels are on.

    Attributes
    ----------
    grids
        Gives the pixel grid of a galaxy's image, ``None`` for a galaxy that has none; itself
        ``None`` where no sample is given.
    side_px
        Side of images of which nothing is known.
    """

    grids: Callable[[str], Grid | None] | None
    side_px: int

    def grid(self, galaxy_id: str) -> Grid | None:
        """The pixel grid of a galaxy's image, where it is known."""
        return None if self.grids is None else self.grids(galaxy_id)

    def shape(self, galaxy_id: str, own: tuple[int, int] | None = None) -> tuple[int, int]:
        """(ny, nx) of a galaxy's image: the sample's, else ``own``, else a square."""
        grid = self.grid(galaxy_id)
        return grid.shape if grid else own or (self.side_px, self.side_px)


@dataclass(frozen=True)
class Format:
    """How labels are read from, and written as, what a file or folder holds.

    Attributes
    ----------
    content
        "json", an object; "table"; or "texts", a text for each galaxy, by its id.
    read
        (content, images, what errors call it) → labels. Raises `TableError` where it does not fit.
    write
        (labels, images) → content. Raises `TableError` where the labels lack what it holds.
    sample
        What the images of a sample are needed for.
    suffix
        With "texts": how their files end.
    extra
        With "texts": further files, name → text, that say nothing of labels.
    """

    content: Literal["json", "table", "texts"]
    read: Callable[[Any, Images, object], QTable]
    write: Callable[[QTable, Images], Any]
    sample: str = ""
    suffix: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
