"""Which galaxies are learned from and which are held out, from labels and run-groups."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.table import QTable, Table

from clumpscope.config.limits import LimitsConfig
from clumpscope.core.records import INJECTED, SPLIT, build_table, record_table
from clumpscope.errors import TableError
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.train import train
from clumpscope.stages.labels.formats.authors import write
from clumpscope.stages.labels.formats.base import Images
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet
from small_training import RECIPE, bare, both, copy, ids, silent


def consensus_of(narrow: Path, folder: Path, looks: dict[str, int]) -> Path:
    """A consensus's folder: labels of the sample's galaxies and of one more, and looks."""
    folder.mkdir()
    table = Sample.open(narrow).labels()
    table["galaxy_id"] = np.where(np.arange(len(table)) == 0, "elsewhere", table["galaxy_id"])
    write_parquet(table, folder / "labels.parquet")
    images = QTable({"galaxy_id": list(looks), "n_looks": list(looks.values())})
    write_parquet(images, folder / "images.parquet")
    return folder


def test_a_consensus_is_taken_where_it_lies(narrow: Path, tmp_path: Path) -> None:
    """Nobody looked at the last two galaxies; one of them is not even in the export."""
    sample = Sample.open(narrow)
    looks = {**dict.fromkeys(sample.ids[:14], 8), sample.ids[14]: 0, "elsewhere": 8}
    labels = consensus_of(narrow, tmp_path / "consensus", looks)
    folder = bare(narrow, tmp_path / "sample")
    plan = make_plan([folder], RECIPE, labels=labels)
    assert both(plan) == sorted(sample.ids[:14])
    assert plan.notes == {
        "galaxies with labels that the samples lack": 1,
        "galaxies that nobody looked at, left out": 2,
    }
    found = {one.galaxy_id: len(one.boxes) for one in (*plan.training, *plan.validation)}
    table = sample.labels()[1:]
    assert found == {n: (np.asarray(table["galaxy_id"]) == n).sum() for n in sample.ids[:14]}
    assert 0 in found.values()
    spec = train(plan, tmp_path / "m.safetensors", 1, silent)
    assert spec.provenance.endswith("0 unreadable left out), labels of consensus")
    # A file says nothing of looks.
    alone = make_plan([folder], RECIPE, labels=labels / "labels.parquet")
    assert both(alone) == sorted(sample.ids)


def test_ids_in_two_samples_are_told_of(narrow: Path, tmp_path: Path) -> None:
    other = copy(narrow, tmp_path / "other")
    plan = make_plan([narrow, other], RECIPE)
    assert list(plan.notes.values()) == [len(Sample.open(narrow).ids)]


def test_labels_of_the_authors_are_taken_as_they_are(narrow: Path, tmp_path: Path) -> None:
    sample = Sample.open(narrow)
    write(sample.labels(), Images(None, 0)).write(tmp_path / "labels.csv")
    plans = (
        make_plan([narrow], RECIPE),
        make_plan([bare(narrow, tmp_path / "s")], RECIPE, labels=tmp_path / "labels.csv"),
    )
    ours, theirs = (
        {one.galaxy_id: one.boxes for one in (*plan.training, *plan.validation)} for plan in plans
    )
    assert ours.keys() == theirs.keys()
    for name, boxes in ours.items():
        assert theirs[name].xyxy == pytest.approx(boxes.xyxy)
        assert theirs[name].labels.tolist() == boxes.labels.tolist()


def test_labels_that_fit_nothing(narrow: Path, tmp_path: Path) -> None:
    table = Sample.open(narrow).labels()
    table["galaxy_id"] = np.array(["x"] * len(table))
    write_parquet(table, tmp_path / "labels.parquet")
    with pytest.raises(TableError, match=r"labels\.parquet: expected labels of galaxies .* as x"):
        make_plan([narrow], RECIPE, labels=tmp_path / "labels.parquet")
    with pytest.raises(TableError, match="expected in one sample, got in 2 samples"):
        make_plan([narrow, narrow], RECIPE, labels=narrow)


def test_run_groups_divide(narrow: Path, tmp_path: Path) -> None:
    names = Sample.open(narrow).ids
    sides = ["train"] * 8 + ["validation"] * 3 + ["test"] * 2
    columns = {
        "galaxy_id": [*names[:13], "elsewhere", names[0], names[1]],
        "group": [4] * 14 + [5] * 2,
        "split": [*sides, "train", "validation", "train"],
    }
    groups = tmp_path / "groups.parquet"
    write_parquet(record_table(SPLIT, columns), groups)
    plan = make_plan([narrow], RECIPE, groups=groups, group=4)
    assert (ids(plan.training), ids(plan.validation)) == (names[:8], names[8:11])
    assert plan.notes == {
        "galaxies of the run-group that are not there": 1,
        "galaxies of the run-group's test, left out": 2,
        "galaxies outside the run-group, left out": 3,
        "hosts on both sides": 0,
    }
    assert plan.source == ", run-group 4 of groups.parquet"
    other = make_plan([narrow], RECIPE, groups=groups, group=5)
    assert (ids(other.training), ids(other.validation)) == ([names[1]], [names[0]])
    with pytest.raises(TableError, match="group: expected one of 4 5, got 6"):
        make_plan([narrow], RECIPE, groups=groups, group=6)
    for half in ({"groups": groups}, {"group": 4}):
        with pytest.raises(TableError, match="--groups and --group, or neither, got only --group"):
            make_plan([narrow], RECIPE, **half)


def copies_of(narrow: Path, folder: Path, *, placed: bool) -> Path:
    """What `simulate --hosts` makes of some galaxies, each three times, but for the clumps."""
    sample = Sample.open(narrow).part(range(6))
    (folder / "images").mkdir(parents=True)
    names, hosts = [], []
    for turn in ("", ".2", ".3"):
        for path, name in zip(sample.paths, sample.ids, strict=True):
            shutil.copy(path, folder / "images" / f"{name}{turn}.fits")
            names.append(name + turn)
            hosts.append(name)
    table = Table(sample.hosts)[np.tile(np.arange(6), 3)]
    table["galaxy_id"] = names
    if placed:
        write_parquet(table, folder / "hosts.parquet")
    else:
        for name in ("ra", "dec"):
            table[name] = np.nan * table[name].unit
        added = build_table(INJECTED, {"host_id": hosts}, {})
        table["host_id"] = added["host_id"]
        write_parquet(table, folder / "hosts.parquet")
    write_parquet(Sample.open(narrow).labels()[:0], folder / "labels.parquet")
    return folder


@pytest.mark.parametrize("placed", [True, False])
@pytest.mark.parametrize("together", [True, False])
def test_copies_of_one_host_stay_on_one_side(
    narrow: Path, tmp_path: Path, placed: bool, together: bool
) -> None:
    """Known by their places on the sky, or by the host's id; with the hosts or without."""
    copies = copies_of(narrow, tmp_path / "copies", placed=placed)
    folders = [narrow, copies] if together else [copies]
    divided = 0
    for seed in range(5):
        plan = make_plan(folders, RECIPE.model_copy(update={"seed": seed}))
        assert len(plan.training) + len(plan.validation) == (34 if together else 18)
        sides = [{name.split(".")[0] for name in ids(s)} for s in (plan.training, plan.validation)]
        assert not sides[0] & sides[1]
        divided += len(plan.validation)
    assert divided / 5 == pytest.approx(8.5 if together else 4.5, abs=1.6)


def test_copies_go_with_their_hosts_in_a_run_group_and_leaks_are_told(
    narrow: Path, tmp_path: Path
) -> None:
    copies = copies_of(narrow, tmp_path / "copies", placed=False)
    names = Sample.open(narrow).ids
    columns = {"galaxy_id": names[:3], "split": ["train", "validation", "test"], "group": [1] * 3}
    groups = tmp_path / "groups.parquet"
    write_parquet(record_table(SPLIT, columns), groups)
    plan = make_plan([narrow, copies], RECIPE, groups=groups, group=1)
    for number, side in enumerate((plan.training, plan.validation)):
        own = names[number]
        assert sorted(ids(side)) == [own, own, f"{own}.2", f"{own}.3"]
    assert plan.notes["hosts on both sides"] == 0
    columns["galaxy_id"] = [names[0], f"{names[0]}.2", names[2]]
    write_parquet(record_table(SPLIT, columns), groups)
    leaking = make_plan([narrow, copies], RECIPE, groups=groups, group=1)
    assert leaking.notes["hosts on both sides"] == 1


def test_a_galaxy_of_too_many_labels_is_left_out_and_counted(narrow: Path) -> None:
    plan = make_plan([narrow], RECIPE)
    counts = [len(one.boxes) for one in (*plan.training, *plan.validation)]
    most = max(counts) - 1
    crowded = sum(count > most for count in counts)
    recipe = RECIPE.model_copy(update={"limits": LimitsConfig(boxes=most)})
    less = make_plan([narrow], recipe)
    assert less.notes == {
        f"galaxies with more than {most} labels ([limits] boxes), left out": crowded
    }
    left = sorted(len(one.boxes) for one in (*less.training, *less.validation))
    assert left == sorted(count for count in counts if count <= most)
