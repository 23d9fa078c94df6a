"""A run's folder: filled shard by shard, gathered, read."""

import errno
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CatalogueConfig, RefineConfig
from clumpscope.core.clumps import clump_table
from clumpscope.core.records import FAILURES, record_table
from clumpscope.errors import FolderError, StoreError, TableError
from clumpscope.store import run as module
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run
from clumpscope.store.tables import write_parquet


def table(*numbers: float) -> QTable:
    return QTable({"x": np.array(numbers) * u.pix})


def begun(folder: Path) -> Run:
    (folder / "run" / ".unfinished").mkdir(parents=True)
    return Run(folder / "run")


def test_shards_are_gathered_in_their_order(tmp_path: Path) -> None:
    run = begun(tmp_path)
    for number, numbers in ((2, [5]), (0, [1, 2]), (1, []), (10, [9])):
        run.write_shard(number, {"t": table(*numbers), "other": table(0)})
    assert [number for number in range(12) if run.has(number)] == [0, 1, 2, 10]
    gathered = run.gather("t", 3)
    assert gathered["x"].value.tolist() == [1, 2, 5]
    assert gathered["x"].unit == "pix"
    assert len(run.gather("other", 3)) == 3
    with pytest.raises(StoreError, match="no such file"):
        run.gather("t", 4)


def test_shards_that_are_missing_or_damaged_are_found(tmp_path: Path) -> None:
    run = begun(tmp_path)
    for number in range(4):
        run.write_shard(number, {"t": table(number), "other": table(0)})
    (run.shard(1) / "other.parquet").unlink()
    (run.shard(3) / "t.parquet").write_bytes((run.shard(3) / "t.parquet").read_bytes()[:-9])
    (run.shard(0) / "t.parquet").write_bytes(b"")
    assert run.damaged(("t", "other"), 5) == [0, 1, 3, 4]
    assert run.damaged(("other",), 4) == [1]
    run.drop_shard(3)
    assert not run.has(3)


def test_empty_shards_make_an_empty_table_with_its_columns(tmp_path: Path) -> None:
    run = begun(tmp_path)
    for number in (0, 1):
        run.write_shard(number, {"failures": record_table(FAILURES, {})})
    found = run.gather("failures", 2)
    assert (len(found), found.colnames) == (0, ["galaxy_id", "stage", "error"])


def test_a_shard_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(tmp_path)
    write, written = module.write_parquet, []

    def full(one: QTable, path: Path) -> None:
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        write(one, path)

    monkeypatch.setattr(module, "write_parquet", full)
    with pytest.raises(StoreError, match="cannot write .*000004: the disk is full"):
        run.write_shard(4, {"a": table(1), "b": table(2)})
    assert not run.has(4)
    assert not any((run.folder / ".unfinished").iterdir())


def test_of_two_processes_that_write_a_shard_the_first_wins(tmp_path: Path) -> None:
    run = begun(tmp_path)
    run.write_shard(0, {"t": table(1)})
    run.write_shard(0, {"t": table(1)})
    assert run.gather("t", 1)["x"].value.tolist() == [1]
    assert [path.name for path in (run.folder / ".unfinished").iterdir()] == ["000000"]
    shutil.rmtree(run.folder / ".unfinished")
    with pytest.raises(StoreError, match="cannot write .*000001"):
        run.write_shard(1, {"t": table(1)})


def test_tables_are_read_as_they_were_written(tmp_path: Path) -> None:
    run = begun(tmp_path)
    clumps = clump_table("positions", {"galaxy_id": ["a"], "clump_centre_px_x": [3.0]})
    run.write("positions", clumps)
    assert Run(run.folder).read("positions")["clump_centre_px_x"].value.tolist() == [3]
    with pytest.raises(StoreError, match=r"catalogue\.parquet: no such file"):
        run.read("catalogue")


def test_an_unsafe_id_in_a_table_is_named(tmp_path: Path) -> None:
    columns = {"galaxy_id": ["a", "../b"], "clump_id": [1, 1]}
    write_parquet(clump_table("positions", columns), tmp_path / "positions.parquet")
    with pytest.raises(TableError, match=r"positions\.parquet, row 2: galaxy_id: .* '\.\./b'"):
        Run(tmp_path).read("positions")


def test_failures_are_for_people_too(tmp_path: Path) -> None:
    run = begun(tmp_path)
    rows = {"galaxy_id": ["a", "b"], "stage": ["read", "measure"], "error": ["gone", "no band"]}
    run.write("failures", record_table(FAILURES, rows))
    text = (run.folder / "failures.csv").read_text().splitlines()
    assert text == ["galaxy_id,stage,error", "a,read,gone", "b,measure,no band"]
    assert [run.failure(name) for name in "abc"] == ["read: gone", "measure: no band", ""]


def test_a_catalogue_has_the_formats_of_the_recipe(tmp_path: Path) -> None:
    run = begun(tmp_path)
    run.write_catalogue(clump_table("release", {}), CatalogueConfig(formats=("ecsv", "regions")))
    names = {path.name for path in run.folder.glob("catalogue.*")}
    assert names == {"catalogue.parquet", "catalogue.ecsv", "catalogue.reg"}


def positions(y: float = 2.0, n: int = 1) -> dict[str, object]:
    return {
        "galaxy_id": ["a"] * n,
        "clump_id": np.arange(1, n + 1),
        "clump_centre_px_x": np.full(n, 1.0),
        "clump_centre_px_y": np.full(n, y),
    }


def test_clumps_are_those_of_the_latest_table(tmp_path: Path) -> None:
    run = begun(tmp_path)
    assert len(run.clumps()) == 0
    run.write("positions", clump_table("positions", positions()))
    assert "clump_mag_g" not in run.clumps().colnames
    run.write("catalogue", clump_table("release", positions()))
    assert "clump_mag_g" in run.clumps().colnames
    for changed in (positions(y=2.5), positions(n=2)):
        run.write("positions", clump_table("positions", changed))
        assert "clump_mag_g" not in run.clumps().colnames


def noted(folder: Path, **changes: object) -> Run:
    (folder / "sample").mkdir(exist_ok=True)
    (folder / "sample" / "a.fits").touch()
    values: dict[str, object] = {
        "command": "run",
        "recipe": Recipe(refine=RefineConfig(nms_iou=0.3)).model_dump(mode="json"),
        "seed": 5,
        "inputs": {"sample": str(folder / "sample"), "sample_key": "k"},
        "model": {"threshold": 0.25, "file": "m"},
        "counts": {"galaxies": 4},
    }
    run = Run(folder / "run")
    RunManifest(**{**values, **changes}).write(run.folder)
    return run


def test_a_run_knows_its_sample_its_recipe_and_its_threshold(tmp_path: Path) -> None:
    run = noted(tmp_path)
    assert run.sample().ids == ["a"]
    assert run.recipe().refine.nms_iou == 0.3
    assert run.threshold() == 0.25


@pytest.mark.parametrize("inputs", [{}, {"sample": ""}, {"sample": "gone"}])
def test_a_sample_that_has_moved_is_missed(tmp_path: Path, inputs: dict[str, str]) -> None:
    with pytest.raises(FolderError, match="expected its sample where it was"):
        noted(tmp_path, inputs=inputs).sample()


def test_a_recipe_of_another_version_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        FolderError, match=r"(?s)its recipe is not of this version.*unknown_section"
    ):
        noted(tmp_path, recipe={"unknown_section": {}}).recipe()


def test_a_stage_done_anew_is_noted_beside_the_rest(tmp_path: Path) -> None:
    run = noted(tmp_path)
    before = RunManifest.read(run.folder)
    run.note(Recipe(seed=9))
    after = RunManifest.read(run.folder)
    assert run.recipe() == Recipe(seed=9)
    assert vars(after) == {**vars(before), "recipe": after.recipe}
