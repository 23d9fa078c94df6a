"""Images of an opened run: read, looked at and drawn, a few at a time."""

import shutil
import threading
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.core.galaxy import AnyImage
from clumpscope.store.sample import Sample
from clumpscope.vet import pictures
from clumpscope.vet.galaxy import Facts, Lately, facts
from clumpscope.vet.pictures import Kept, Look, Thumbs

CACHE = ".vet-cache"
_PICTURES, _SMALL = 48 * 2**20, 24 * 2**20  # bytes in memory
_FILES = 20_000  # small pictures on disk
_AT_ONCE = 4  # pictures that are made


class Shown:
    """The images of a sample, by row, and what is made of them.

    Parameters
    ----------
    folder
        Where small pictures are kept, below a folder named ``tag``.
    sweep
        Whether those of other tags are taken away.
    """

    def __init__(
        self, sample: Sample, recipe: Recipe, folder: Path, tag: str, *, sweep: bool
    ) -> None:
        self.sample, self.recipe = sample, recipe
        self._images: Lately[AnyImage] = Lately(6)
        self._facts: Lately[Facts] = Lately(200)
        self._shapes: Lately[tuple[int, int]] = Lately(5000)
        self._large, self._small = Kept(_PICTURES), Kept(_SMALL)
        if sweep:
            _sweep(folder / CACHE, tag)
        self._thumbs = Thumbs(folder / CACHE / tag, _FILES)
        self._making = threading.Semaphore(_AT_ONCE)

    def shape(self, row: int) -> tuple[int, int]:
        """(ny, nx) of a galaxy's image, from its headers.

        Raises
        ------
        ImageError
            If they cannot be read.
        """
        return self._shapes.get(row, self._grid)

    def facts(self, row: int, redshift: float) -> Facts:
        """What is known of a galaxy; see `clumpscope.vet.galaxy.facts`.

        Raises
        ------
        ImageError
            If its image cannot be read.
        """

        def made(wanted: int) -> Facts:
            return facts(self._images.get(wanted, self._read), self.recipe, redshift)

        return self._facts.get(row, made)

    def picture(self, row: int, look: Look) -> bytes:
        """A galaxy as PNG, its native pixels, the first row at the bottom.

        Raises
        ------
        TableError
            If there is no such band.
        ImageError
            If its image cannot be read or shown.
        """
        key = f"{row} {look}"
        content = self._large.get(key)
        if content is None:
            image = self._images.get(row, self._read)
            with self._making:
                content = pictures.png(pictures.pixels(image, look, self.recipe.composite))
            self._large.put(key, content)
        return content

    def thumb(self, row: int, galaxy_id: str) -> bytes:
        """A galaxy as a small JPEG.

        Raises
        ------
        ImageError
            As `picture`.
        """
        content = self._small.get(galaxy_id)
        if content is None:
            content = self._thumbs.get(galaxy_id, lambda: self._make_thumb(row))
            self._small.put(galaxy_id, content)
        return content

    def _grid(self, row: int) -> tuple[int, int]:
        return self.sample.grid(row, self.recipe.sample, self.recipe.limits).shape

    def _read(self, row: int) -> AnyImage:
        with self._making:
            return self.sample.read_starred(row, self.recipe.sample, self.recipe.limits)

    def _make_thumb(self, row: int) -> bytes:
        with self._making:  # as it is stored: stars stay in, and are quicker so
            image = self.sample.read(row, self.recipe.sample, self.recipe.limits)
            return pictures.thumb(pictures.pixels(image, Look(), self.recipe.composite))


def _sweep(cache: Path, tag: str) -> None:
    """Take away small pictures of the run as it was before."""
    for old in cache.iterdir() if cache.is_dir() else ():
        if old.name != tag and old.is_dir() and not old.is_symlink():
            shutil.rmtree(old, ignore_errors=True)
