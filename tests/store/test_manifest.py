import hashlib
import json

import pytest

from clumpscope import __version__
from clumpscope.config.recipe import Recipe
from clumpscope.errors import FolderError, StoreError
from clumpscope.store.manifest import SCHEMA_VERSION, RunManifest, sha256_file, sha256_json


def manifest() -> RunManifest:
    return RunManifest(
        command="run",
        recipe=Recipe().model_dump(mode="json"),
        seed=3,
        inputs={"sample": "here"},
        counts={"galaxies": 2},
        timings={"detect": 1.5},
    )


def test_it_survives_the_disk(tmp_path):
    manifest().write(tmp_path)
    found = RunManifest.read(tmp_path)
    assert found == RunManifest(**{**vars(manifest()), "created": found.created})
    assert Recipe.model_validate(found.recipe) == Recipe()


def test_it_knows_the_versions():
    versions = manifest().versions
    assert versions["clumpscope"] == __version__
    assert {"python", "numpy", "astropy", "torch"} <= set(versions)


def test_it_replaces_the_old_one_whole(tmp_path, monkeypatch):
    manifest().write(tmp_path)
    before = (tmp_path / "manifest.json").read_text()
    broken = RunManifest(command="run", recipe={"bad": object()})
    with pytest.raises(TypeError):
        broken.write(tmp_path)
    assert (tmp_path / "manifest.json").read_text() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_none(tmp_path):
    with pytest.raises(StoreError, match=r"manifest\.json: no such file; is .* a sample or run\?"):
        RunManifest.read(tmp_path)


def test_from_the_future(tmp_path):
    content = {**vars(manifest()), "schema_version": SCHEMA_VERSION + 1, "galaxies": "new field"}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(StoreError, match=rf"schema version <= {SCHEMA_VERSION}, got "):
        RunManifest.read(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "3", '"text"', "{}", '{"schema_version": 1}', '{"schema_version": "new"}'),
        *('{"schema_version": null}', '{"schema_version": 1e999}', "[" * 100_000),
        '{"schema_version": ' + "9" * 5000 + "}",
    ],
)
def test_damaged(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match=r"manifest\.json: not a manifest"):
        RunManifest.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("recipe", 3, "recipe: .*dictionary, got 3"),
        ("inputs", {"sample": 3}, r"inputs.sample: .*str, got 3"),
        ("inputs", ["sample"], r"inputs: .*dictionary, got \['sample'\]"),
        ("counts", {"galaxies": "many"}, r"counts.galaxies: .*integer.*, got 'many'"),
        ("model", None, "model: .*dictionary, got None"),
        ("timings", {"run": {}}, r"timings.run: .*number, got \{\}"),
        ("command", [[[]]], "command: .*string"),
        ("surprise", 1, "surprise: Unexpected keyword argument, got 1"),
    ],
)
def test_a_wrong_value_is_named(tmp_path, name, value, told):
    manifest().write(tmp_path)
    content = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(content | {name: value}))
    with pytest.raises(FolderError, match=rf"manifest\.json: not a manifest: {told}"):
        RunManifest.read(tmp_path)


@pytest.mark.parametrize("model", [{}, {"threshold": "low"}, {"threshold": float("nan")}])
def test_a_run_without_threshold(tmp_path, model):
    RunManifest("run", {}, model=model).write(tmp_path)
    with pytest.raises(FolderError, match=r"manifest\.json: model.threshold: expected a number"):
        RunManifest.read(tmp_path).threshold(tmp_path)


def test_a_place_need_not_be_utf8(tmp_path):
    RunManifest("run", {}, inputs={"sample": "caf\udce9"}).write(tmp_path)
    assert RunManifest.read(tmp_path).inputs == {"sample": "caf\udce9"}


def test_what_is_no_object_is_named(tmp_path):
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(FolderError, match="not a manifest: expected a JSON object, got list"):
        RunManifest.read(tmp_path)


def test_no_text(tmp_path):
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="not a manifest"):
        RunManifest.read(tmp_path)


def test_hashes(tmp_path):
    (tmp_path / "a").write_bytes(b"clumps")
    assert sha256_file(tmp_path / "a") == hashlib.sha256(b"clumps").hexdigest()
    assert sha256_json({"a": 1, "b": 2}) == sha256_json({"b": 2, "a": 1})
    assert sha256_json({"a": 1}) != sha256_json({"a": 2})
