import pytest
import torch
from torchvision.models.detection.roi_heads import RoIHeads

from clumpscope.config.run import CompositeConfig
from clumpscope.detector.faster_rcnn import ClumpRoIHeads
from clumpscope.detector.network import build
from clumpscope.models.spec import DetectorSpec, Native, Published
from networks import CROP, native_network, native_spec, picture


def seen(network, images):
    with torch.inference_mode():
        return network(images)


@pytest.mark.parametrize(("score", "nms", "most"), [(0.05, 0.5, 20), (0.6, 0.2, 7), (0.0, 0.9, 50)])
def test_detections_are_bit_for_bit_those_of_torchvision(monkeypatch, score, nms, most):
    network = native_network()
    heads = network.roi_heads
    heads.score_thresh, heads.nms_thresh, heads.detections_per_img = score, nms, most
    images = [picture(k) for k in range(3)]
    ours = seen(network, images)
    monkeypatch.setattr(ClumpRoIHeads, "forward", RoIHeads.forward)
    theirs = seen(network, images)
    assert "probabilities" not in theirs[0]
    for one, other in zip(ours, theirs, strict=True):
        assert 0 < len(other["scores"]) <= most
        for key, tensor in other.items():
            assert torch.equal(one[key], tensor), key


def test_every_detection_has_its_class_probabilities():
    network = native_network()
    network.roi_heads.score_thresh = 0.02
    labels = set()
    for found in seen(network, [picture(k) for k in range(4)]):
        probabilities, label = found["probabilities"], found["labels"]
        assert probabilities.shape == (len(label), 3)
        torch.testing.assert_close(probabilities.sum(1), torch.ones(len(label)))
        assert torch.equal(probabilities.gather(1, label[:, None])[:, 0], found["scores"])
        assert torch.equal(found["scores"], found["scores"].sort(descending=True).values)
        labels |= set(label.tolist())
    assert labels == {1, 2}


def test_images_without_proposals():
    heads = native_network().roi_heads
    features = {str(k): torch.rand(2, 16, CROP // s, CROP // s) for k, s in enumerate((4, 8, 16))}
    none, one = torch.zeros(0, 4), torch.tensor([[10.0, 10.0, 20.0, 20.0]])
    shapes = [(CROP, CROP), (CROP, CROP)]
    with torch.inference_mode():
        mixed, _ = heads(features, [none, one], shapes)
        empty, _ = heads(features, [none, none], shapes)
    assert [len(found["scores"]) for found in mixed] == [0, len(mixed[1]["scores"])]
    assert len(mixed[1]["scores"]) > 0
    for found in (mixed[0], *empty):
        assert found["boxes"].shape == (0, 4)
        assert found["probabilities"].shape == (0, 3)


def test_training_gives_losses_that_every_part_feels():
    network = native_network().train()
    target = {
        "boxes": torch.tensor([[10.0, 12.0, 20.0, 22.0], [40.0, 30.0, 52.0, 42.0]]),
        "labels": torch.tensor([1, 2]),
    }
    losses = network([picture(0), picture(1)], [target, target])
    assert set(losses) == {
        "loss_classifier",
        "loss_box_reg",
        "loss_objectness",
        "loss_rpn_box_reg",
    }
    sum(losses.values()).backward()
    assert all(torch.isfinite(loss) for loss in losses.values())
    silent = [name for name, part in network.named_parameters() if part.grad is None]
    assert silent == []


@pytest.mark.parametrize(("crop", "padded"), [(200, 208), (64, 64), (100, 112)])
def test_native_inputs_keep_their_scale_and_are_padded(crop, padded):
    spec = native_spec(composite=CompositeConfig(size=2 * crop, crop=crop))
    network = build(spec).eval()
    image = picture(0, crop)
    batch, _ = network.transform([image])
    assert batch.tensors.shape == (1, 3, padded, padded)
    assert batch.image_sizes == [(crop, crop)]
    torch.testing.assert_close(batch.tensors[0, :, :crop, :crop], (image - 0.1) / 0.2)
    assert (batch.tensors[:, :, crop:, :] == 0).all()


def test_native_anchors_are_squares_on_a_true_grid():
    spec = native_spec(composite=CompositeConfig(size=400, crop=200))
    network = build(spec).eval()
    batch, _ = network.transform([picture(0, 200)])
    features = list(network.backbone(batch.tensors).values())
    assert [map_.shape[-1] for map_ in features] == [52, 26, 13]
    anchors = network.rpn.anchor_generator(batch, features)[0]
    sides = anchors[:, 2:] - anchors[:, :2]
    start = 0
    for count, stride, side in ((52, 4, 8.0), (26, 8, 16.0), (13, 16, 32.0)):
        part = slice(start, start + count**2)
        assert (sides[part] == side).all()
        corners = anchors[part, 0].reshape(count, count)
        assert (corners.diff(dim=1) == stride).all()
        start += count**2
    assert start == len(anchors)


def test_native_takes_its_recipe():
    architecture = Native(
        encoder="resnet18", strides=(8, 16), anchors=(12.0, 24.0), channels=32, head=48, proposals=9
    )
    network = build(native_spec(architecture=architecture)).eval()
    network.roi_heads.score_thresh = 0.0
    network.roi_heads.nms_thresh = 1.0
    assert network.backbone.out_channels == 32
    assert network.roi_heads.box_head.fc7.out_features == 48
    assert network.roi_heads.box_predictor.cls_score.out_features == 3
    assert network.rpn.anchor_generator.sizes == ((12.0,), (24.0,))
    assert network.rpn.post_nms_top_n() == 9
    assert len(seen(network, [picture(0)])[0]["scores"]) <= 9


def test_published_is_as_published():
    with torch.device("meta"):
        network = build(
            DetectorSpec(name="x", architecture=Published(), mean=(0.485, 0.456, 0.406))
        )
    assert network.rpn.anchor_generator.sizes == ((32,), (64,), (128,), (256,), (512,))
    assert network.rpn.anchor_generator.aspect_ratios == ((0.5, 1.0, 2.0),) * 5
    assert network.transform.min_size == (800,)
    assert network.transform.max_size == 1333
    assert network.transform.image_mean == [0.485, 0.456, 0.406]
    assert isinstance(network.roi_heads, ClumpRoIHeads)
    heads = network.roi_heads
    assert (heads.nms_thresh, heads.detections_per_img) == (0.5, 100)
    assert len(network.state_dict()) == 295
    numbers = sum(tensor.numel() for tensor in network.state_dict().values())
    assert numbers == 165_642_104 // 4  # bytes of torchvision's own
