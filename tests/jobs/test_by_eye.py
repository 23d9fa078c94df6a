"""Places of two runs drawn, shown, judged and read back."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from clumpscope.config.recipe import Recipe
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, TableError
from clumpscope.jobs.by_eye import CLASSICAL, draw, read_answers
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run
from clumpscope.store.tables import read_parquet, write_parquet

N = 16


@pytest.fixture(scope="module")
def runs(oblong_run, tmp_path_factory):
    """A run, and the same without every second clump."""
    folder = tmp_path_factory.mktemp("runs")
    full, half = folder / "secretmodel", folder / "othermodel"
    for place in (full, half):
        shutil.copytree(oblong_run, place)
    for name in ("positions", "catalogue"):
        write_parquet(Run(full).read(name)[::2], half / f"{name}.parquet")
    return [full, half]


@pytest.fixture(scope="module")
def drawn(runs, tmp_path_factory):
    out = tmp_path_factory.mktemp("eye") / "out"
    draw(runs, N, out, Recipe(), 3)
    return out


@pytest.fixture(scope="module")
def other(runs, tmp_path_factory):
    out = tmp_path_factory.mktemp("other") / "out"
    draw(runs, N - 1, out, Recipe(), 4)
    return out


def filled(drawn, path, say):
    """Answers by a function of a key's row."""
    key = read_parquet(drawn / "key.parquet")
    lines = (drawn / "readers" / "answers.csv").read_text().splitlines()
    said = [line.replace(",,,", f",{say(row)},,") for line, row in zip(lines[1:], key, strict=True)]
    path.write_text("\n".join([lines[0], *said]) + "\n")
    return path


def test_the_key_tells_whose_each_number_is(drawn, runs):
    key = read_parquet(drawn / "key.parquet")
    assert key.meta["finders"] == ["secretmodel", "othermodel", CLASSICAL]
    assert plain(key, "number").tolist() == list(range(1, N + 1))
    claimed = Run(runs[0]).read("catalogue")
    places = {
        (row["galaxy_id"], round(row["clump_centre_px_x"].value, 3))
        for row in claimed
        if row["clump_label_id"] == 1
    }
    alone = (plain(key, "role_0") == 2) & (plain(key, "role_1") == 0) & (plain(key, "role_2") == 0)
    for row in key[alone]:
        assert (row["galaxy_id"], round(row["x"].value, 3)) in places
    for stratum in np.unique(key["stratum"]):
        rows = np.asarray(key["stratum"]) == stratum
        assert len(set(plain(key, "probability")[rows])) == 1
    assert any(str(name).startswith("random") for name in key["stratum"])


def test_nothing_that_readers_get_tells_a_source_or_a_galaxy(drawn):
    key = read_parquet(drawn / "key.parquet")
    names = {"secretmodel", "othermodel", CLASSICAL, "stratum", "run:", "random:"}
    names |= set(key["galaxy_id"].tolist())
    files = sorted((drawn / "readers").iterdir())
    assert {path.name for path in files} == {
        "README.txt",
        "answers.csv",
        "judge.html",
        *(f"page_{k}.png" for k in range(1, 5)),
    }
    for path in files:
        content = path.read_bytes()
        assert [name for name in names if name.encode() in content] == []


def test_the_same_seed_draws_the_same_and_another_others(drawn, other, runs, tmp_path):
    draw(runs, N, tmp_path / "again", Recipe(), 3)
    for name in ("key.parquet", "readers/answers.csv", "readers/page_1.png", "readers/judge.html"):
        once = (drawn / name).read_bytes()
        assert (tmp_path / "again" / name).read_bytes() == once
        assert (other / name).read_bytes() != once


def test_answers_are_read_back_and_judge_the_runs(drawn, tmp_path):
    anna = filled(drawn, tmp_path / "anna.csv", lambda row: "clump" if row["role_0"] else "arm")
    ben = filled(drawn, tmp_path / "ben.csv", lambda row: "clump" if row["role_1"] else "star")
    found = read_answers(drawn, [anna, ben])
    assert found.readers == ("anna", "ben")
    alone = read_answers(drawn, [anna]).verdicts["majority"]
    assert alone.finders["secretmodel"].purity.value == 1
    assert alone.finders["othermodel"].relative_completeness.value < 1
    assert alone.random.value == 0
    out = drawn / "results"
    written = json.loads((out / "results.json").read_text())
    assert written["readers"] == ["anna"]
    marks = written["verdicts"]["majority"]["finders"]["secretmodel"]
    assert marks["purity"]["value"] == 1
    lines = (out / "results.csv").read_text().splitlines()
    assert lines[0] == "definition,finder,figure,value,low,high,n,n_effective"
    assert lines[1].startswith("majority,secretmodel,purity,1.0,")
    judged = read_parquet(out / "judged.parquet")
    assert set(judged["kind anna"]) == {"clump", "arm"}
    (pair,) = found.agreement
    assert pair.readers == ("anna", "ben")
    assert np.sum(pair.confusion) == N


def test_answers_to_other_pages_and_files_that_are_none_are_refused(drawn, other, tmp_path):
    mine = filled(other, tmp_path / "mine.csv", lambda _: "clump")
    with pytest.raises(TableError, match="mine.csv(?s:.*)line 2: set: expected "):
        read_answers(drawn, [mine])
    with pytest.raises(TableError, match="gone.csv: no such file"):
        read_answers(drawn, [tmp_path / "gone.csv"])
    (tmp_path / "bytes.csv").write_bytes(b"number,kind,set\n\xff")
    with pytest.raises(TableError, match="bytes.csv: expected text in UTF-8"):
        read_answers(drawn, [tmp_path / "bytes.csv"])
    for none in ([], [mine, tmp_path / "again" / "mine.csv"]):
        with pytest.raises(TableError, match="files of different names, a reader each"):
            read_answers(drawn, none)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda key: key.meta.pop("set"), "finders and a set in its metadata"),
        (lambda key: key.remove_column("role_1"), "expected columns role_0, .* got no role_1"),
        (lambda key: key["role_1"].__setitem__(0, 7), "expected roles 0, 1 or 2"),
        (lambda key: key["number"].__setitem__(0, 7), "expected numbers from 1 on"),
        (lambda key: key["probability"].__setitem__(0, 0), "expected probabilities of 1e-9 to 1"),
    ],
)
def test_a_spoilt_key_is_refused(drawn, tmp_path, spoil, message):
    key = read_parquet(drawn / "key.parquet")
    spoil(key)
    write_parquet(key, tmp_path / "key.parquet")
    with pytest.raises(FolderError, match=message):
        read_answers(tmp_path, [tmp_path / "anna.csv"])


def test_runs_must_be_of_one_sample_and_named_apart(runs, oblong, tmp_path):
    shutil.copytree(oblong, tmp_path / "sample")
    shutil.copytree(runs[0], tmp_path / "run")
    manifest = RunManifest.read(runs[0])
    inputs = manifest.inputs | {"sample": str(tmp_path / "sample")}
    replace(manifest, inputs=inputs).write(tmp_path / "run")
    with pytest.raises(TableError, match="as of the first"):
        draw([runs[0], tmp_path / "run"], N, tmp_path / "out", Recipe())
    for some in ([], [runs[0], runs[0]]):
        with pytest.raises(TableError, match="one or more, each once"):
            draw(some, N, tmp_path / "out", Recipe())
    assert not (tmp_path / "out").exists()
