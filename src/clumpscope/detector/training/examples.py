"""Images to learn from, one after the other in a file mapped into memory. Imports no torch."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import Composite
from clumpscope.errors import TableError, expected_got
from clumpscope.models.view import View
from clumpscope.store.arrays import read_arrays, write_arrays
from clumpscope.store.atomic import atomic

_LARGEST = float(np.finfo(np.float16).max)
_PIXELS, _INDEX = "pixels.bin", "index.npz"


@dataclass(frozen=True, eq=False)
class Labelled:
    """One image with its labels.

    Attributes
    ----------
    pixels
        (C, H, W) of any type: of a composite uint8, of which 255 is composite value 1; of a stack
        of bands its light, float16.
    boxes
        (n, 4): x1, y1, x2, y2 in pixels of the image, edge convention.
    labels
        (n,) of `Label`.
    weights
        (n,) in [0, 1]: chance of each box to be there in an epoch.
    noise
        (C,) of a stack, as of `clumpscope.ops.stack.BandStack`; (0,) of a composite.
    """

    pixels: NDArray[Any]
    boxes: NDArray[np.float64]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]
    noise: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, dtype=np.float32))

    @classmethod
    def of(cls, seen: View, found: Boxes, *, soft: bool) -> "Labelled":
        """What is seen of a galaxy with its labels (boxes as fractions of the stored array).

        With ``soft`` a box is in each epoch only with the probability that is its score.
        """
        boxes = seen.frame.boxes_fraction_to_composite(found.xyxy)
        weights = found.scores if soft else np.ones(len(found))
        if isinstance(seen, Composite):
            pixels = np.rint(seen.pixels * 255).astype(np.uint8)
            return cls(pixels, boxes, found.labels, weights)
        light = seen.light.clip(-_LARGEST, _LARGEST).astype(np.float16)
        return cls(light, boxes, found.labels, weights, seen.noise)


@dataclass(frozen=True, eq=False)
class Pixels:
    """N images of one type, but of any shapes, one after the other in one array.

    Attributes
    ----------
    flat
        All their pixels, mapped from a file: what is not looked at costs no memory, and processes
        share what is.
    shapes
        (N, 3): channels, rows and columns of each.
    starts
        (N,) where each begins.
    """

    flat: np.memmap[Any, Any]
    shapes: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def mapped(cls, file: Path | IO[bytes], kind: np.dtype[Any], shapes: NDArray[Any]) -> "Pixels":
        """Those of a file; ValueError if it has not as many pixels as the shapes say."""
        ends = np.cumsum(shapes.prod(axis=1))
        flat: np.memmap[Any, Any] = np.memmap(file, dtype=kind, mode="r")
        if len(flat) != ends[-1]:
            raise ValueError(expected_got(file, f"{ends[-1]} pixels", len(flat)))
        return cls(flat, shapes, ends - shapes.prod(axis=1))

    def __len__(self) -> int:
        return len(self.shapes)

    def __reduce__(self) -> Any:  # noqa: ANN401  (as pickle has it)
        """Another process maps the file, too."""
        file = self.flat.filename  # of one without a name, copies are sent
        if file is None:
            return Pixels, (self.flat, self.shapes, self.starts)
        return Pixels.mapped, (Path(file), self.flat.dtype, self.shapes)

    def __getitem__(self, row: int) -> Any:  # noqa: ANN401  (an array of any type)
        """(C, H, W) of one image; nothing is copied."""
        shape, start = self.shapes[row], self.starts[row]
        return self.flat[start : start + shape.prod()].reshape(shape)


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """N images, and the boxes, labels, weights and noise of each (`Labelled`).

    ``source`` (N,) says which of the items it was filled with each one was.
    """

    pixels: Pixels
    boxes: list[NDArray[np.float64]]
    labels: list[NDArray[np.int64]]
    weights: list[NDArray[np.float64]]
    noise: NDArray[np.float32]
    source: NDArray[np.int64]

    @classmethod
    def filled(cls, items: Iterable[Labelled | None], folder: Path | None = None) -> "TrainingSet":
        """Those items that are not ``None``, in order; memory never holds the pixels of all.

        They go to a folder where `kept` finds them again, or to a file that goes with the process.

        Raises
        ------
        TableError
            If all are ``None``, or not all of one type.
        StoreError
            If the folder cannot be written.
        """
        if folder is None:
            with tempfile.TemporaryFile() as stream:
                index = _written(items, stream)
                return cls._of(index, stream)
        with atomic(folder / _PIXELS) as temporary, temporary.open("wb") as stream:
            index = _written(items, stream)
        write_arrays(folder / _INDEX, index)  # the last: where it is, all is there
        return cls._of(index, folder / _PIXELS)

    @classmethod
    def kept(cls, folder: Path) -> "TrainingSet | None":
        """What a folder was filled with; ``None`` if it is not there, or not whole."""
        index = read_arrays(folder / _INDEX)
        try:
            return None if index is None else cls._of(index, folder / _PIXELS)
        except (OSError, ValueError, KeyError):
            return None

    @classmethod
    def _of(cls, index: dict[str, NDArray[Any]], file: Path | IO[bytes]) -> "TrainingSet":
        pixels = Pixels.mapped(file, index["kind"].dtype, index["shapes"])
        ends = np.cumsum(index["counts"])[:-1]
        boxes, labels, weights = (
            np.split(index[name], ends) for name in ("boxes", "labels", "weights")
        )
        return cls(pixels, boxes, labels, weights, index["noise"], index["source"])

    def __len__(self) -> int:
        return len(self.pixels)


def _written(items: Iterable[Labelled | None], stream: IO[bytes]) -> dict[str, NDArray[Any]]:
    """Write the pixels of items to a file; everything else, and how to find them there."""
    kept: list[tuple[int, tuple[int, ...], Labelled]] = []
    kind: np.dtype[Any] | None = None
    for number, item in enumerate(items):
        if item is None:
            continue
        kind = item.pixels.dtype if kind is None else kind
        if item.pixels.dtype != kind:
            raise TableError(expected_got("pixels of a training set", kind, item.pixels.dtype))
        stream.write(np.ascontiguousarray(item.pixels).data)
        bare = Labelled(np.empty(0, kind), item.boxes, item.labels, item.weights, item.noise)
        kept.append((number, item.pixels.shape, bare))
    stream.flush()
    if kind is None:
        raise TableError(expected_got("training set", "at least one usable image", "none"))
    source, shapes, bare_items = zip(*kept, strict=True)
    return {
        "kind": np.empty(0, kind),
        "source": np.array(source),
        "shapes": np.array(shapes),
        "counts": np.array([len(one.labels) for one in bare_items]),
        "boxes": np.concatenate([one.boxes for one in bare_items]),
        "labels": np.concatenate([one.labels for one in bare_items]),
        "weights": np.concatenate([one.weights for one in bare_items]),
        "noise": np.array([one.noise for one in bare_items]),
    }
