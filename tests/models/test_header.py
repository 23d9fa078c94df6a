"""What a model file says of itself, read without torch."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from clumpscope.errors import ModelError
from clumpscope.models.header import KEY, read_header, read_spec
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
