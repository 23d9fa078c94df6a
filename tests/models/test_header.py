"""What a model file says of itself, read without torch."""

import json
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import save_file

from clumpscope.errors import ModelError
from clumpscope.models.header import KEY, MOST_PARAMETERS, read_header, read_spec
from clumpscope.models.spec import SCHEMA_VERSION, DetectorSpec, Native

SPEC = DetectorSpec(name="tiny", architecture=Native(), score_threshold=0.4, licence="BSD")
TENSORS = {
    "a": np.zeros((3, 4), dtype=np.float16),
    "b": np.zeros(5, dtype=np.float32),
    "c": np.zeros((), dtype=np.int64),
}


def saved(path, text=None, tensors=TENSORS):
    save_file(tensors, path, {KEY: SPEC.model_dump_json() if text is None else text})
    return path


def test_a_header(tmp_path):
    path = saved(tmp_path / "m.safetensors")
    header = read_header(path)
    assert header.path == path
    assert header.spec == read_spec(path) == SPEC
    assert header.size == len(path.read_bytes())
    assert dict(header.shapes) == {"a": (3, 4), "b": (5,), "c": ()}
    assert header.precisions == ("F16", "F32", "I64")
    assert header.parameters == 3 * 4 + 5 + 1


def test_a_newer_schema_is_told_before_its_unknown_keys(tmp_path):
    newer = {**json.loads(SPEC.model_dump_json()), "schema_version": SCHEMA_VERSION + 1, "new": 1}
    path = saved(tmp_path / "m.safetensors", json.dumps(newer))
    with pytest.raises(ModelError, match=rf"schema <= {SCHEMA_VERSION} \(is there a newer clump"):
        read_header(path)
    same = {**newer, "schema_version": SCHEMA_VERSION}
    with pytest.raises(ModelError, match=r"(?s)its spec is not valid.*new"):
        read_header(saved(path, json.dumps(same)))


@pytest.mark.parametrize("text", ["", "[]", '{"schema_version": "x"}', '{"name": "x"}'])
def test_a_spec_that_is_none(tmp_path, text):
    with pytest.raises(ModelError, match=r"m\.safetensors: its spec is not valid"):
        read_header(saved(tmp_path / "m.safetensors", text))


def test_a_file_of_others(tmp_path):
    path = tmp_path / "m.safetensors"
    for metadata in (None, {"format": "pt"}):
        save_file(TENSORS, path, metadata)
        with pytest.raises(ModelError, match=f"expected metadata key '{KEY}', got none"):
            read_header(path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ModelError, match="not a readable safetensors file"):
        read_header(path)
    with pytest.raises(ModelError, match="not a readable safetensors file"):
        read_header(tmp_path / "none.safetensors")


def edited(*path_and_value):
    """The spec as JSON with one value changed, which is said by the path to it."""
    content = json.loads(SPEC.model_dump_json())
    *path, last, value = path_and_value
    place = content
    for key in path:
        place = place[key]
    place[last] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("composite", "crop", 8000), r"composite\.crop: .*less than or equal to 2048, got '8000'"),
        (("composite", "size", 1e6), "composite.size"),
        (("composite", "crop", "200"), "composite.crop: .*valid integer"),
        (("composite", "crop", True), "composite.crop: .*valid integer"),
        (("composite", "stretch", float("inf")), "composite.stretch: .*finite"),
        (("mean", [0.1, float("nan"), 0.1]), "mean.1: "),
        (("mean", [0.1, 1e30, 0.1]), "mean.1: "),
        (("std", [0.2, 1e-300, 0.2]), "std.1: "),
        (("score_threshold", 3), "score_threshold: "),
        (("score_threshold", "0.3"), "score_threshold: "),
        (("classes", ["a"] * 10000), "classes: "),
        (("name", "x" * 101), "name: "),
        (("licence", "x" * 10001), "licence: "),
        (("metrics", "ap", float("inf")), "metrics.ap: "),
        (("trained_on", "psf_fwhm_arcsec", [2, 1]), "psf_fwhm_arcsec: .*low <= high"),
        (("architecture", "channels", 10**9), "channels: "),
        (("architecture", "head", 10**9), "head: "),
        (("architecture", "proposals", 10**9), "proposals: "),
        (("architecture", "pad_to", 10**9), "pad_to: "),
        (("architecture", "strides", [4] * 1000), "strides: "),
        (("architecture", "strides", [4, 8, -16]), "strides.2: "),
        (("architecture", "anchors", [8, 16, 1e9]), "anchors.2: "),
        (("architecture", {"family": "published", "min_size": 80000}), "min_size: "),
        (("schema_version", -1), "schema_version: "),
    ],
)
def test_absurd_and_wrong_values_in_a_spec(tmp_path, change, message):
    path = saved(tmp_path / "m.safetensors", edited(*change))
    with pytest.raises(
        ModelError, match=rf"m\.safetensors: its spec is not valid: .*{message}"
    ) as e:
        read_header(path)
    assert len(str(e.value)) < 1000


def test_a_spec_nested_without_end(tmp_path):
    path = saved(tmp_path / "m.safetensors", "[" * 100_000)
    with pytest.raises(ModelError, match="its spec is not valid"):
        read_header(path)


def test_a_header_of_absurd_length_is_not_read(tmp_path):
    path = tmp_path / "m.safetensors"
    with path.open("wb") as file:
        file.write((80_000_000).to_bytes(8, "little"))
        file.write(b"{" + b" " * 79_999_998 + b"}")
    tracemalloc.start()
    with pytest.raises(
        ModelError, match="length of its header: expected at most 4000000 bytes, go"
    ):
        read_header(path)
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def test_more_numbers_than_any_model(tmp_path):
    """A file of holes: it has a size, and takes no place on the disk."""
    path = tmp_path / "m.safetensors"

    def holes(count, bytes_each, kind):
        text = json.dumps(
            {
                "__metadata__": {KEY: SPEC.model_dump_json()},
                "a": {"dtype": kind, "shape": [count], "data_offsets": [0, count * bytes_each]},
            }
        ).encode()
        with path.open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            file.truncate(8 + len(text) + count * bytes_each)

    holes(MOST_PARAMETERS + 1, 2, "F16")
    with pytest.raises(ModelError, match="expected at most 250000000 numbers, got 250000001"):
        read_header(path)
    holes(MOST_PARAMETERS, 8, "F64")
    with pytest.raises(ModelError, match="size: expected at most 1000 MB, got 2000 MB"):
        read_header(path)
