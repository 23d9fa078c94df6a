"""COCO's figures against pycocotools and cases counted by hand."""

import contextlib
import io
import json
import math
from dataclasses import asdict, astuple

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from clumpscope.errors import TableError
from clumpscope.ops.coco import THRESHOLDS, Figures, ImageBoxes, coco

SQUARE = np.array([10.0, 10, 20, 20])
NOTHING = ImageBoxes(np.zeros(0, int), np.zeros((0, 4)), np.zeros(0, int), np.zeros(0))
UNDEFINED = Figures(*[math.nan] * 6)


def boxes(rows):
    """(image, x1, y1, x2, y2, label, score) each."""
    table = np.array(rows, dtype=float).reshape(-1, 7)
    return ImageBoxes(table[:, 0].astype(int), table[:, 1:5], table[:, 5].astype(int), table[:, 6])


def random_case(seed):
    """Boxes near truths and elsewhere; often equal scores, absent classes, empty images."""
    rng = np.random.default_rng(seed)
    images = rng.integers(1, 7)
    there = _scattered(rng, images, rng.integers(0, 25), labels=[(1, 2), (1,), (2,)][seed % 3])
    twice = there[
        rng.integers(0, max(len(there.image), 1), rng.integers(0, 40) * (there.image.size > 0))
    ]
    shift = rng.uniform(-3, 3, twice.xyxy.shape) * rng.choice([0, 0.3, 1], (len(twice.image), 1))
    near = ImageBoxes(twice.image, twice.xyxy + shift, twice.labels, twice.scores)
    far = _scattered(rng, images + 1, rng.integers(0, 60), labels=(1, 2))
    crowd = _scattered(rng, 1, 250 * (seed % 10 == 0), labels=(1, 2))
    parts = [near, far, crowd]
    image, xyxy, labels, scores = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("image", "xyxy", "labels", "scores")
    )
    labels = np.where(rng.uniform(size=len(labels)) < 0.2, rng.integers(1, 3, len(labels)), labels)
    scores = np.round(rng.uniform(0, 1, len(scores)), rng.integers(1, 4))
    mixed = rng.permutation(len(image))
    return ImageBoxes(image, xyxy, labels, scores)[mixed], there


def _scattered(rng, images, n, labels):
    low = rng.uniform(0, 80, (n, 2))
    xyxy = np.hstack([low, low + rng.uniform(7, 30, (n, 2))])
    return ImageBoxes(rng.integers(0, images, n), xyxy, rng.choice(labels, n), np.ones(n))


def reference(found, truth):
    """(mean, clump, odd clump) by pycocotools; NaN for its -1."""
    images = [{"id": int(k)} for k in np.union1d(found.image, truth.image)]
    with contextlib.redirect_stdout(io.StringIO()):
        there, seen = (_pycoco(side, images) for side in (truth, found))
        judge = COCOeval(there, seen, "bbox")
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][:, :, :, 0, -1]
    recall = judge.eval["recall"][:, :, 0]
    return [_of(precision, recall), *(_of(precision[..., [k]], recall[:, [k]]) for k in range(2))]


def _of(precision, recall):
    values = [precision, precision[0], precision[5], *np.moveaxis(recall, -1, 0)]
    return [part[part > -1].mean() if (part > -1).any() else math.nan for part in values]


def _pycoco(side, images):
    result = COCO()
    result.dataset = {
        "images": images,
        "categories": [{"id": 1}, {"id": 2}],
        "annotations": [
            {
                "id": k + 1,
                "image_id": int(side.image[k]),
                "category_id": int(side.labels[k]),
                "bbox": [
                    *map(float, side.xyxy[k, :2]),
                    *map(float, np.diff(side.xyxy[k].reshape(2, 2), axis=0)[0]),
                ],
                "area": float(np.prod(side.xyxy[k, 2:] - side.xyxy[k, :2])),
                "iscrowd": 0,
                "score": float(side.scores[k]),
            }
            for k in range(len(side.image))
        ],
    }
    result.createIndex()
    return result


def assert_equals_reference(found, truth):
    result = coco(found, truth, nms_iou=0.2)
    figures = [astuple(result.mean), *map(astuple, result.per_class.values())]
    assert np.array(figures) == pytest.approx(
        np.array(reference(found, truth)), abs=1e-6, nan_ok=True
    )
    assert list(result.per_class) == ["clump", "odd clump"]


@pytest.mark.parametrize("tens", range(20))
def test_figures_are_those_of_pycocotools(tens):
    for seed in range(10 * tens, 10 * tens + 10):
        assert_equals_reference(*random_case(seed))


def test_random_cases_cover_what_is_rare():
    """Else the test above would not say much."""
    cases = [random_case(seed) for seed in range(200)]
    crowded = [np.bincount(found.image[found.labels == 1], minlength=1).max() for found, _ in cases]
    assert sum(n > 100 for n in crowded) > 5
    assert sum(len(np.unique(there.labels)) == 1 for _, there in cases) > 50
    assert sum(len(there.image) == 0 for _, there in cases) > 2
    assert sum(len(np.unique(found.scores)) < len(found.scores) for found, _ in cases) > 100
    means = np.array([coco(*case, nms_iou=0.2).mean.ap for case in cases[:40]])
    assert np.nanmin(means) < 0.05
    assert np.nanmax(means) > 0.3


def test_equal_scores_go_by_image_then_order():
    """The false one first at one half is a precision of 1/2, the true one first 1."""
    right, wrong = (0, *SQUARE, 1, 0.5), (0, *SQUARE + 40, 1, 0.5)
    truth = boxes([(0, *SQUARE, 1, 1)])
    assert coco(boxes([right, wrong]), truth, nms_iou=0.2).mean.ap == pytest.approx(1)
    assert coco(boxes([wrong, right]), truth, nms_iou=0.2).mean.ap == pytest.approx(0.5)
    before, after = (-1, *SQUARE, 1, 0.5), (7, *SQUARE, 1, 0.5)
    assert coco(boxes([right, before]), truth, nms_iou=0.2).mean.ap == pytest.approx(0.5)
    assert coco(boxes([after, right]), truth, nms_iou=0.2).mean.ap == pytest.approx(1)


def test_a_detection_takes_the_truth_it_overlaps_most():
    found = boxes([(0, *SQUARE, 1, 0.9), (0, *SQUARE + 1, 1, 0.8)])
    assert_equals_reference(found, boxes([(0, *SQUARE + 1, 1, 1), (0, *SQUARE, 1, 1)]))
    assert_equals_reference(found, boxes([(0, *SQUARE, 1, 1), (0, *SQUARE, 1, 1)]))


def test_only_a_hundred_detections_an_image_and_class_count():
    truth = boxes([(0, *SQUARE, 1, 1), (1, *SQUARE, 2, 1)])
    false = [(0, *SQUARE + 30, 1, 0.9)] * 99
    last = [(0, *SQUARE, 1, 0.1), (1, *SQUARE, 2, 0.1)]
    result = coco(boxes(false + last), truth, nms_iou=0.2)
    clump = result.per_class["clump"]
    assert (clump.ap, clump.ar1, clump.ar10, clump.ar100) == pytest.approx((0.01, 0, 0, 1))
    assert result.mean.ar10 == pytest.approx(0.5)
    more = coco(boxes(false + false[:1] + last), truth, nms_iou=0.2)
    assert (more.per_class["clump"].ap, more.per_class["clump"].ar100) == (0, 0)
    assert_equals_reference(boxes(false + false[:1] + last), truth)
    assert more.f1.mar == 1  # of equal boxes one is left


def test_a_class_without_truth_is_undefined_and_not_in_the_mean():
    found = boxes([(0, *SQUARE, 1, 0.9), (0, *SQUARE + 30, 2, 0.9)])
    result = coco(found, boxes([(0, *SQUARE, 1, 1)]), nms_iou=0.2)
    assert astuple(result.mean) == astuple(result.per_class["clump"]) == pytest.approx([1] * 6)
    assert repr(result.per_class["odd clump"]) == repr(UNDEFINED)
    assert result.f1.value == pytest.approx(1)


def test_without_truth_nothing_is_known():
    for found in (NOTHING, boxes([(0, *SQUARE, 1, 0.9)])):
        result = coco(found, NOTHING, nms_iou=0.2)
        figures = [result.mean, *result.per_class.values()]
        assert all(repr(one) == repr(UNDEFINED) for one in figures)
        assert all(np.isnan(astuple(one)).all() for one in (result.f1, *result.f1_at.values()))


def test_nothing_found_and_nothing_hit_are_zero():
    truth = boxes([(0, *SQUARE, 1, 1), (1, *SQUARE, 2, 1)])
    for found in (NOTHING, boxes([(0, *SQUARE + 10, 1, 0.9), (1, *SQUARE, 1, 0.9)])):
        result = coco(found, truth, nms_iou=0.2)
        assert {*astuple(result.mean), *astuple(result.f1)} == {0}
        assert_equals_reference(found, truth)


def test_f1_is_of_suppressed_and_cut_detections():
    """Equation 10 at each threshold, with pycocotools' AP and AR of what is left by hand."""
    twice = [(0, *SQUARE, 1, 0.9), (0, *SQUARE + 1, 2, 0.85)]
    found = boxes(
        [*twice, (0, *SQUARE + 30, 1, 0.45), (1, *SQUARE, 2, 0.3), (1, *SQUARE + 30, 1, 0.7)]
    )
    truth = boxes([(0, *SQUARE, 1, 1), (1, *SQUARE, 2, 1), (1, *SQUARE + 30, 1, 1)])
    result = coco(found, truth, nms_iou=0.2)
    left = found[np.array([0, 2, 3, 4])]
    assert list(result.f1_at) == list(THRESHOLDS) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    for threshold, one in result.f1_at.items():
        precision, *_, recall = reference(left[left.scores >= threshold], truth)[0]
        f1 = 2 * precision * recall / (precision + recall)
        assert astuple(one) == pytest.approx((f1, precision, recall), abs=1e-9)
    assert result.f1 == result.f1_at[0.3]
    assert (result.threshold, result.f1.value) == (0.1, 1)
    assert coco(found, truth, nms_iou=1).f1.value < 1


def test_a_threshold_holds_in_the_precision_of_the_scores():
    """A score of 0.7 in single precision is below 0.7 in double."""
    row = boxes([(0, *SQUARE, 1, 0.7)])
    single = ImageBoxes(row.image, row.xyxy.astype("f4"), row.labels, row.scores.astype("f4"))
    assert coco(single, row, nms_iou=0.2).f1_at[0.7].value == pytest.approx(1)
    assert coco(single, row, nms_iou=0.2).f1_at[0.8].value == 0


def test_size_and_unit_do_not_matter():
    found, truth = random_case(3)
    mine = coco(found, truth, nms_iou=0.2)
    for scale in (1e-3, 1e7):
        sides = (
            ImageBoxes(one.image, one.xyxy * scale, one.labels, one.scores)
            for one in (found, truth)
        )
        assert astuple(coco(*sides, nms_iou=0.2).mean) == pytest.approx(astuple(mine.mean))


def test_nothing_is_printed_and_the_result_goes_to_json(capfd, caplog):
    caplog.set_level("DEBUG")
    result = coco(*random_case(3), nms_iou=0.2)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    stored = json.loads(json.dumps(asdict(result)))
    assert stored["per_class"]["clump"]["ap50"] == result.per_class["clump"].ap50
    assert stored["f1_at"]["0.1"]["value"] == result.f1_at[0.1].value


def test_boxes_of_unequal_lengths_or_not_finite_are_an_error():
    with pytest.raises(TableError, match="1 rows in every array"):
        ImageBoxes(np.zeros(1, int), np.zeros((2, 4)), np.ones(1, int), np.ones(1))
    with pytest.raises(TableError, match="finite"):
        boxes([(0, 1, 1, math.nan, 2, 1, 1)])
    with pytest.raises(TableError, match="finite"):
        boxes([(0, 1, 1, 2, 2, 1, math.nan)])
