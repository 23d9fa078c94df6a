"""Images with labels: pixels in a file, boxes and labels in memory."""

import pickle
import tracemalloc

import numpy as np
import pytest

from clumpscope.config.run import CompositeConfig
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import Composite
from clumpscope.core.frames import PixelFrame
from clumpscope.detector.training.examples import Labelled, TrainingSet
from clumpscope.errors import TableError


def item(k: int) -> Labelled:
    """One whose every number tells k."""
    box = np.array([[k, 6.0, k + 8.0, 16.0]])
    return Labelled(
        np.full((3, 32, 32), k, np.uint8), box, np.array([1 + k % 2]), np.array([k / 10])
    )


def test_a_composite_becomes_bytes_and_its_boxes_composite_pixels():
    """A field of 100 x 50 px is enlarged four times; its central 200 px are columns 25 to 75."""
    config = CompositeConfig(size=400, crop=200)
    frame = PixelFrame.centred((50, 100), config.size, config.crop)
    pixels = np.linspace(0, 1, 3 * 200 * 200, dtype=np.float32).reshape(3, 200, 200)
    # Native columns 40 to 60 and rows 10 to 20.
    found = Boxes.of([[0.4, 0.2, 0.6, 0.4]], [2], [0.25], np.full((1, 3), np.nan))
    soft = Labelled.of(Composite("g", pixels, config, frame), found, soft=True)
    assert soft.pixels.dtype == np.uint8
    assert np.abs(soft.pixels / 255 - pixels).max() <= 0.5 / 255 + 1e-6
    assert soft.boxes.tolist() == [[60, 40, 140, 80]]
    assert (soft.labels.tolist(), soft.weights.tolist()) == ([2], [0.25])
    hard = Labelled.of(Composite("g", pixels, config, frame), found, soft=False)
    assert hard.weights.tolist() == [1]


def mixed() -> list[Labelled]:
    """Half-precision images of other bands and sizes, with no, one or three boxes."""
    rng = np.random.default_rng(4)
    return [
        Labelled(
            rng.normal(size=shape).astype(np.float16),
            rng.uniform(0, 9, (boxes, 4)),
            rng.integers(1, 3, boxes),
            rng.random(boxes),
        )
        for shape, boxes in [((5, 3, 7), 1), ((1, 8, 2), 0), ((6, 1, 1), 3), ((3, 4, 4), 1)]
    ]


def check(data: TrainingSet, items: list[Labelled]) -> None:
    assert len(data) == len(data.boxes) == len(data.labels) == len(data.weights) == len(items)
    for k, one in enumerate(items):
        assert data.pixels[k].dtype == one.pixels.dtype
        np.testing.assert_array_equal(data.pixels[k], one.pixels)
        np.testing.assert_array_equal(data.boxes[k], one.boxes)
        np.testing.assert_array_equal(data.labels[k], one.labels)
        np.testing.assert_array_equal(data.weights[k], one.weights)


def test_what_cannot_be_used_leaves_no_gap():
    first, second, third = (item(k) for k in (4, 5, 6))
    data = TrainingSet.filled([None, first, None, second, third, None])
    check(data, [first, second, third])
    assert data.source.tolist() == [1, 3, 4]
    with pytest.raises(TableError, match="expected at least one usable image, got none"):
        TrainingSet.filled([None, None])


def test_images_of_any_shape_and_type(tmp_path):
    items = mixed()
    check(TrainingSet.filled(items), items)
    check(TrainingSet.filled(items, tmp_path), items)
    with pytest.raises(TableError, match="pixels of a training set: expected float16, got uint8"):
        TrainingSet.filled([*items, item(3)])


def test_a_folder_keeps_them(tmp_path):
    assert TrainingSet.kept(tmp_path) is None
    items = mixed()
    TrainingSet.filled([None, *items], tmp_path)
    found = TrainingSet.kept(tmp_path)
    check(found, items)
    assert found.source.tolist() == [1, 2, 3, 4]
    whole = (tmp_path / "pixels.bin").read_bytes()
    (tmp_path / "pixels.bin").write_bytes(whole[:-2])
    assert TrainingSet.kept(tmp_path) is None
    (tmp_path / "pixels.bin").unlink()
    assert TrainingSet.kept(tmp_path) is None


def test_a_folder_that_was_not_filled_keeps_nothing(tmp_path):
    def broken():
        yield item(1)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        TrainingSet.filled(broken(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_other_processes_map_the_same_file(tmp_path):
    """What is sent to them holds no pixels."""
    items = [item(k) for k in range(40)]
    data = TrainingSet.filled(items, tmp_path)
    sent = pickle.dumps(data.pixels)
    assert len(sent) < 3000 < data.pixels.flat.nbytes
    assert pickle.loads(sent).flat.filename == tmp_path / "pixels.bin"  # noqa: S301
    check(TrainingSet(pickle.loads(sent), *list(vars(data).values())[1:]), items)  # noqa: S301
    nameless = TrainingSet.filled(items)
    check(pickle.loads(pickle.dumps(nameless)), items)  # noqa: S301


def test_memory_holds_no_pixels():
    def coming(count):
        for k in range(count):
            pixels = np.full((3, 200, 200), k, np.uint8)
            yield Labelled(pixels, np.zeros((0, 4)), np.zeros(0, int), np.zeros(0))

    tracemalloc.start()
    data = TrainingSet.filled(coming(40))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert data.pixels.flat.nbytes == 40 * 3 * 200 * 200
    assert peak < 0.1 * data.pixels.flat.nbytes
