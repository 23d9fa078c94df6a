"""The file of a selection function: bit for bit, and refused where it is damaged."""

import json

import numpy as np
import pytest

from clumpscope.errors import FolderError
from clumpscope.models.selection import Scatter, Selection, Smooth

KNOTS = tuple(float(k) / 3 for k in range(-3, 7))


def smooth(count=2, seed=0):
    rng = np.random.default_rng(seed)
    basis = (len(KNOTS) - 4) * count
    return Smooth(
        tuple("abcde"[:count]),
        (0.0,) * count,
        (1.0,) * count,
        (0.5,) * count,
        tuple(map(tuple, np.eye(count).tolist())),
        0.6,
        (KNOTS,) * count,
        tuple(map(tuple, rng.normal(size=(basis, 3)).tolist())),
        tuple(rng.normal(size=3).tolist()),
    )


@pytest.fixture
def selection():
    made = {"model": "f00d", "threshold": 0.6, "refine": {"nms_iou": 0.2}}
    scatter = Scatter(0.98, 1 / 3, 0.1, 4.0)
    return Selection(smooth(), smooth(seed=1), smooth(seed=2), scatter, made, {"hosts": 3})


def test_it_comes_back_bit_for_bit(selection, tmp_path):
    selection.write(tmp_path / "one.json")
    again = Selection.read(tmp_path / "one.json")
    assert again == selection
    again.write(tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    x = np.random.default_rng(0).random((50, 2))
    assert np.array_equal(again.true(x), selection.true(x), equal_nan=True)


def test_its_values_are_sums_of_splines():
    from scipy.interpolate import BSpline

    one, x = smooth(), np.array([[0.3, 0.6]])
    parts = np.array(one.coefficients)
    half = len(parts) // 2
    logit = one.intercepts + sum(
        BSpline(KNOTS, parts[k * half : (k + 1) * half], 3)(x[0, k]) for k in range(2)
    )
    expected = 1 / (1 + np.exp(-logit))
    value, error = one(x)
    assert value[0] == pytest.approx(expected[0])
    assert error[0] == pytest.approx(expected[1:].std())


def test_damage_is_told(selection, tmp_path):
    path = tmp_path / "one.json"
    selection.write(path)
    text = path.read_text()
    content = json.loads(text)
    with pytest.raises(FolderError, match="no such file"):
        Selection.read(tmp_path / "none.json")
    cases = {
        text[:-40]: "not a selection function",
        "[]": "not a selection function",
        json.dumps(content | {"schema_version": 99}): "schema version <= 1, got 99",
        json.dumps(content | {"true": None}): "true",
        text.replace("0.98", "NaN"): "scatter.bias",
    }
    content["place"]["knots"][0] = content["place"]["knots"][0][:5]
    cases[json.dumps(content)] = "place"
    for damaged, told in cases.items():
        path.write_text(damaged)
        with pytest.raises(FolderError, match=told):
            Selection.read(path)


def test_it_is_of_one_model_and_its_settings(selection):
    made = dict(selection.made)
    selection.check(made, "the run")
    for name, other in (("model", "beef"), ("threshold", 0.5), ("refine", {"nms_iou": 0.3})):
        with pytest.raises(FolderError, match=name):
            selection.check(made | {name: other}, "the run")
