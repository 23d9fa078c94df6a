"""The map of centres: what is put in comes out, what is learned is what was asked."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.config.stack import StackConfig
from clumpscope.config.train import DetectorConfig
from clumpscope.core.boxes import Label
from clumpscope.core.frames import PixelFrame
from clumpscope.detector.centres import CentreNet
from clumpscope.detector.network import build
from clumpscope.detector.predict import Detector
from clumpscope.errors import ModelError
from clumpscope.models.spec import DetectorSpec, Psf
from clumpscope.ops.stack import BandStack

CONFIG = DetectorConfig(
    family="psf",
    finds="centres",
    encoder="resnet10t",
    strides=(2, 4),
    anchors=(6.0, 12.0),
    channels=16,
    proposals=20,
)
SIDE = 6.0
STACK = StackConfig(bands=("g", "r"))


@pytest.fixture(scope="module")
def perfect() -> CentreNet:
    return network().eval()


def network(seed: int = 0) -> CentreNet:
    torch.manual_seed(seed)
    return CentreNet(CONFIG, SIDE, channels_in=4)


def maps_of(boxes: torch.Tensor, labels: torch.Tensor, cells: int) -> torch.Tensor:
    """What a perfect network says of one image: sure of each centre, of nothing else."""
    maps = torch.zeros(1, 5, cells, cells)
    maps[:, 0] = -9
    for box, label in zip(boxes, labels, strict=True):
        x, y = ((box[:2] + box[2:]) / 4).tolist()
        col, row = int(x), int(y)
        maps[0, :, row, col] = torch.tensor(
            [
                9,
                9 if label == Label.ODD else -9,
                x - col - 0.5,
                y - row - 0.5,
                float(torch.log((box[2] - box[0]) / SIDE)),
            ]
        )
    return maps


places = st.lists(
    st.tuples(st.integers(1, 14), st.integers(1, 14), st.floats(0.1, 1.9), st.floats(0.1, 1.9)),
    max_size=5,
    unique_by=(lambda p: (p[0] // 3, p[1] // 3),),
)


@settings(deadline=None)
@given(places=places, side=st.floats(4, 9))
def test_a_perfect_map_gives_back_its_boxes(perfect, places, side):
    apart = [p for p in places if p[0] % 3 == 1 and p[1] % 3 == 1]
    centres = torch.tensor([[2 * c + dx, 2 * r + dy] for c, r, dx, dy in apart]).reshape(-1, 2)
    boxes = torch.cat([centres - side / 2, centres + side / 2], dim=1).float()
    labels = torch.tensor([1 + k % 2 for k in range(len(apart))], dtype=torch.long)
    net = perfect
    net.maps = lambda _: maps_of(boxes, labels, 16)
    (found,) = net([torch.zeros(4, 32, 32)])
    assert len(found["boxes"]) == len(boxes)
    for box, label in zip(boxes, labels, strict=True):
        k = (found["boxes"] - box).abs().sum(dim=1).argmin()
        np.testing.assert_allclose(found["boxes"][k], box, atol=1e-3)
        assert found["labels"][k] == label
        assert found["scores"][k] > 0.99
        assert found["probabilities"][k].sum() == pytest.approx(1)
        assert found["probabilities"][k].argmax() == label


def losses(maps: torch.Tensor, boxes: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    net = network().train()
    net.maps = lambda _: maps
    found = net([torch.zeros(4, 32, 32)], [{"boxes": boxes, "labels": labels}])
    return {name: float(value) for name, value in found.items()}


def test_each_loss_rises_with_its_own_mistake():
    boxes = torch.tensor([[8.0, 9.0, 14.0, 15.0], [20.0, 3.0, 26.0, 9.0]])
    labels = torch.tensor([1, 2])
    perfect = maps_of(boxes, labels, 16)
    best = losses(perfect, boxes, labels)
    assert sum(best.values()) < 0.01
    for name, channel, by in (
        ("loss_kind", 1, -12.0),
        ("loss_offset", 2, 0.4),
        ("loss_side", 4, 0.5),
    ):
        wrong = perfect.clone()
        wrong[:, channel] += by
        now = losses(wrong, boxes, labels)
        assert now[name] > best[name] + 0.04
        assert all(now[other] == pytest.approx(best[other]) for other in best if other != name)
    missed = perfect.clone()
    missed[0, 0, 6, 5] = -9
    assert losses(missed, boxes, labels)["loss_centre"] > 1
    invented = perfect.clone()
    invented[0, 0, 13, 13] = 9
    assert losses(invented, boxes, labels)["loss_centre"] > 1


def test_an_image_without_clumps_and_a_box_beyond_its_edge_are_learned_from():
    empty = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.long)}
    outside = {"boxes": torch.tensor([[60.0, 60, 66, 66]]), "labels": torch.tensor([1])}
    found = network().train()([torch.rand(4, 32, 32)] * 2, [empty, outside])
    assert found["loss_centre"] > 0
    assert found["loss_kind"] == found["loss_offset"] == 0


def test_it_learns_where_bright_points_are():
    net = network().train()
    rng = np.random.default_rng(0)
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3)

    def example() -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        x, y = rng.uniform(5, 27, 2)
        cols, rows = np.meshgrid(np.arange(32) + 0.5, np.arange(32) + 0.5)
        light = np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / 3)
        odd = rng.random() < 0.5
        image = np.stack([light, light * (2 if odd else 0.3), light * 0, light * 0])
        box = torch.tensor([[x - 3, y - 3, x + 3, y + 3]], dtype=torch.float32)
        return torch.from_numpy(image).float(), {"boxes": box, "labels": torch.tensor([1 + odd])}

    for _ in range(60):
        images, targets = zip(*(example() for _ in range(8)), strict=True)
        loss = sum(net(list(images), list(targets)).values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    images, targets = zip(*(example() for _ in range(20)), strict=True)
    right = 0
    for found, target in zip(net.eval()(list(images)), targets, strict=True):
        if len(found["boxes"]):
            near = (found["boxes"][0] - target["boxes"][0]).abs().max() < 1.5
            right += bool(near and found["labels"][0] == target["labels"][0])
    assert right >= 16


def stack(seed: int, shape: tuple[int, int]) -> BandStack:
    rng = np.random.default_rng(seed)
    light = rng.normal(0, 3, (2, *shape)).astype(np.float32)
    frame = PixelFrame(shape, 1.0, 0.0, 0.0, max(shape))
    return BandStack(
        f"g{seed}", light, np.zeros(2, dtype=np.float32), STACK, frame, np.zeros((1, 1), bool)
    )


@pytest.mark.parametrize("finds", ["centres", "boxes"])
def test_galaxies_of_many_sizes_do_not_change_each_others_boxes(finds):
    config = CONFIG.model_copy(update={"finds": finds}).model_dump()
    spec = DetectorSpec(name="p", architecture=Psf(**config, stack=STACK))
    torch.manual_seed(1)
    finder = Detector(spec, build(spec), 0.001)
    views = [stack(k, shape) for k, shape in enumerate([(40, 50), (33, 64), (40, 50), (90, 20)])]
    together = finder.detect(views)
    assert all(len(boxes) for boxes in together)
    for seen, boxes in zip(views, together, strict=True):
        (alone,) = finder.detect([seen])
        np.testing.assert_allclose(alone.xyxy, boxes.xyxy, atol=1e-3)
        np.testing.assert_allclose(alone.scores, boxes.scores, atol=1e-5)
        height, width = seen.light.shape[1:]
        assert (boxes.centres <= [width, height]).all()


def turned(image: torch.Tensor, x: bool, y: bool, transpose: bool) -> torch.Tensor:
    """By numpy's own words."""
    array = image.numpy()
    array = array[:, :, ::-1] if x else array
    array = array[:, ::-1] if y else array
    return torch.from_numpy(np.ascontiguousarray(array.swapaxes(1, 2) if transpose else array))


@pytest.mark.parametrize(("x", "y", "transpose"), list(product([False, True], repeat=3))[1:])
@pytest.mark.parametrize("orientations", [1, 2, 4, 8])
def test_searched_in_all_orientations_a_turned_image_gives_turned_boxes(
    orientations, x, y, transpose
):
    """In n of them, if the turn is one of the n (a group); in one, never."""
    net = network(3).eval()
    with torch.no_grad():
        net.head.weight.normal_(0, 0.5)
    net.orientations, net.score_floor, net.most = orientations, 0.0, 1000
    image = torch.rand(4, 32, 48, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        plain, other = net([image])[0], net([turned(image, x, y, transpose)])[0]
    boxes = plain["boxes"].clone()
    if x:
        boxes[:, [0, 2]] = 48 - boxes[:, [2, 0]]
    if y:
        boxes[:, [1, 3]] = 32 - boxes[:, [3, 1]]
    boxes = boxes[:, [1, 0, 3, 2]] if transpose else boxes

    def listed(corners, found):
        rows = torch.cat([found["scores"][:, None], corners, found["probabilities"]], 1)
        return rows[torch.argsort(rows[:, 0])]

    group = {1: [], 2: [(True, False, False)], 4: [(a, b, False) for a in (0, 1) for b in (0, 1)]}
    inside = orientations == 8 or (x, y, transpose) in group[orientations]
    assert len(boxes) > 5
    one, two = listed(boxes, plain), listed(other["boxes"], other)
    same = one.shape == two.shape and torch.allclose(one, two, atol=1e-4)
    assert same == inside


def test_a_model_of_boxes_is_searched_as_it_is():
    config = CONFIG.model_copy(update={"finds": "boxes"}).model_dump()
    spec = DetectorSpec(name="p", architecture=Psf(**config, stack=STACK))
    with pytest.raises(ModelError, match="orientations of model p, .*: expected 1, got 8"):
        Detector(spec, build(spec), 0.05, 8)
