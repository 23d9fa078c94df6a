import numpy as np
import pytest
import torch
from torch import nn

from clumpscope.config.run import CompositeConfig
from clumpscope.detector.predict import Detector
from clumpscope.detector.weights import save_model
from clumpscope.errors import ModelError
from clumpscope.models.spec import Native
from clumpscope.stages.detect.detect import detect
from networks import CROP, SMALL, composites, native_network, native_spec, picture

FLOOR = 0.05


def assert_same_boxes(ours, theirs, tolerance=1e-4):
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours.xyxy, theirs.xyxy, atol=tolerance)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=tolerance)
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=tolerance)
    np.testing.assert_array_equal(ours.labels, theirs.labels)


@pytest.mark.parametrize("encoder", ["resnet10t", "resnet18", "tf_efficientnetv2_b0"])
def test_folding_batch_norms_changes_no_box(encoder):
    """The last one's encoder cannot be folded, and works all the same."""
    spec = native_spec(architecture=Native(encoder=encoder, channels=16, head=16, proposals=20))
    plain, folded = native_network(spec), Detector(spec, native_network(spec), FLOOR)
    with torch.inference_mode():
        theirs = plain([picture(k) for k in range(3)])
    ours = folded.detect(composites(3))
    for one, other in zip(ours, theirs, strict=True):
        assert len(one) > 5
        np.testing.assert_allclose(one.xyxy, other["boxes"], atol=1e-4)
        np.testing.assert_allclose(one.scores, other["scores"], atol=1e-4)
        np.testing.assert_array_equal(one.labels, other["labels"])
    left = [m for m in folded.network.backbone.encoder.modules() if isinstance(m, nn.BatchNorm2d)]
    assert bool(left) == encoder.startswith("tf_")


def test_the_company_in_a_batch_changes_no_box():
    finder = Detector(native_spec(), native_network(), FLOOR)
    images = composites(5)
    together = finder.detect(images)
    assert not np.allclose(together[0].xyxy[:3], together[1].xyxy[:3], atol=0.1)
    for image, boxes in zip(images, together, strict=True):
        assert_same_boxes(finder.detect([image])[0], boxes)
    for boxes, again in zip(together, finder.detect(images[::-1])[::-1], strict=True):
        assert_same_boxes(again, boxes)


def test_the_same_batch_gives_the_same_bits():
    finder = Detector(native_spec(), native_network(), FLOOR)
    first, second = finder.detect(composites(3)), finder.detect(composites(3))
    for one, other in zip(first, second, strict=True):
        assert one.xyxy.tobytes() == other.xyxy.tobytes()
        assert one.probabilities.tobytes() == other.probabilities.tobytes()


def test_boxes_lie_in_the_composite_best_first():
    for boxes in Detector(native_spec(), native_network(), FLOOR).detect(composites(4)):
        assert ((boxes.xyxy >= 0) & (boxes.xyxy <= CROP)).all()
        assert (np.diff(boxes.scores) <= 0).all()
        np.testing.assert_allclose(boxes.probabilities.sum(axis=1), 1, rtol=1e-5)
        np.testing.assert_array_equal(
            boxes.scores, boxes.probabilities[np.arange(len(boxes)), boxes.labels]
        )


def test_the_floor_is_kept():
    low, high = (
        Detector(native_spec(), native_network(), floor).detect(composites(3))
        for floor in (FLOOR, 0.75)
    )
    scores = np.concatenate([boxes.scores for boxes in high])
    assert scores.min() > 0.75
    assert len(scores) < sum(len(boxes) for boxes in low)


def test_another_composite_is_refused():
    finder = Detector(native_spec(), native_network(), FLOOR)
    other = SMALL.model_copy(update={"stretch": 0.5})
    images = [*composites(1), *composites(1, other)]
    with pytest.raises(ModelError, match=r"seen of g0: expected .*stretch=0\.2.*stretch=0\.5"):
        finder.detect(images)
    with pytest.raises(ModelError, match="seen of g0"):
        finder.detect(composites(1, CompositeConfig(size=2 * CROP, crop=CROP + 16)))


def test_from_a_file(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, native_network(), native_spec(), half=False)
    finder = Detector.load(path, FLOOR)
    assert finder.spec == native_spec()
    direct = Detector(native_spec(), native_network(), FLOOR)
    images = composites(2)
    for one, other in zip(finder.detect(images), direct.detect(images), strict=True):
        assert_same_boxes(one, other)


def test_nothing_to_see():
    assert Detector(native_spec(), native_network(), FLOOR).detect([]) == []


def test_black_and_white():
    """Constant composites are no reason to fail."""
    finder = Detector(native_spec(), native_network(), FLOOR)
    images = composites(2)
    images[0].pixels[:], images[1].pixels[:] = 0.0, 1.0
    assert len(finder.detect(images)) == 2


def test_as_the_stage_uses_it():
    """Fractions of the stored array: the crop is the middle half of it."""
    finder = Detector(native_spec(), native_network(), FLOOR)
    images = composites(5)
    found = detect(finder, images, batch_size=2)
    for boxes, image in zip(found, images, strict=True):
        expected = 0.25 + finder.detect([image])[0].xyxy / (2 * CROP)
        np.testing.assert_allclose(boxes.xyxy, expected, atol=1e-5)


@pytest.mark.parametrize("where", ["rpn.head.cls_logits", "roi_heads.box_predictor.cls_score"])
def test_numbers_that_overflow_are_no_boxes_and_not_none_either(where):
    network = native_network()
    with torch.no_grad():
        network.get_submodule(where).weight.mul_(torch.inf)
    finder = Detector(native_spec(), network, FLOOR)
    with pytest.raises(ModelError, match="output of model tiny: expected finite numbers, got NaN"):
        finder.detect(composites(1))


@pytest.mark.parametrize(
    ("device", "crop", "many"),
    [
        ("cuda", 64, 2500),
        ("cuda", 800, 16),
        ("cuda", 2048, 2),
        ("cpu", 64, 21),
        ("cpu", 200, 2),
        ("cpu", 800, 1),
    ],
)
def test_large_images_pass_the_network_a_few_at_a_time(device, crop, many):
    spec = native_spec(composite=CompositeConfig(size=crop, crop=crop))
    finder = Detector(spec, native_network(), FLOOR)
    finder.device = torch.device(device)
    images = [torch.zeros(1).expand(3, crop, crop)] * (2 * many + 1)
    assert [len(part) for part in finder._parts(images)] == [many, many, 1]
    assert list(finder._parts([])) == []
