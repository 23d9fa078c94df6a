"""From samples and labels to a model, on cutouts that are not square."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from astropy.table import QTable, Table

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CompositeConfig
from clumpscope.config.train import AugmentConfig, DetectorConfig, TrainConfig
from clumpscope.core.composite import composite
from clumpscope.core.records import INJECTED, SPLIT, build_table, record_table
from clumpscope.core.schema import plain
from clumpscope.detector.predict import Detector
from clumpscope.detector.training import fit as fitting
from clumpscope.detector.weights import load_model
from clumpscope.errors import ModelError, StoreError, TableError
from clumpscope.jobs import train as job
from clumpscope.jobs.train import Plan, make_plan, parameters, train
from clumpscope.stages.labels.formats.authors import write
from clumpscope.stages.labels.formats.base import Images
from clumpscope.store.manifest import sha256_file
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet
from oblong import cut_sample

CORNERS = ("x1", "y1", "x2", "y2")
RECIPE = Recipe(
    seed=3,
    composite=CompositeConfig(size=64, crop=48),
    detector=DetectorConfig(encoder="resnet10t", channels=16, head=16),
    train=TrainConfig(
        epochs=1,
        batch_size=4,
        validation_fraction=0.25,
        augment=AugmentConfig(scale=0.1, smooth=0.5),
    ),
)


def changed(**settings) -> Recipe:
    """The recipe with other settings of training."""
    return RECIPE.model_copy(update={"train": RECIPE.train.model_copy(update=settings)})


def silent(*_: object) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def narrow(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen galaxies with their labels, no image square. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("narrow") / "sample"
    cut_sample(survey, folder, 16)
    return folder


def copy(sample: Path, folder: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(sample, folder))


def ids(galaxies) -> list[str]:
    return [one.galaxy_id for one in galaxies]


def both(plan: Plan) -> list[str]:
    return sorted(ids(plan.training) + ids(plan.validation))


def test_training_writes_a_model_that_loads(narrow: Path, tmp_path: Path) -> None:
    reported, composed, steps = [], [], []
    plan = make_plan([narrow], changed(epochs=2))
    spec = train(
        plan,
        tmp_path / "m.safetensors",
        1,
        lambda *a: reported.append(a),
        composed=composed.append,
        step=lambda *a: steps.append(a),
    )
    assert [epoch for epoch, _ in reported] == [1, 2]
    assert np.isfinite(reported[0][1]["loss"])
    assert 0 < reported[0][1]["minutes"] < reported[1][1]["minutes"]
    detector = Detector.load(tmp_path / "m.safetensors", 0.0)
    assert detector.spec == spec
    assert (spec.weights, spec.weights_sha256) == ("random", "")
    assert spec.provenance == (
        "trained by clumpscope on 12 images, validated on 4 (16 images, 0 unreadable left out)"
    )
    assert sum(composed) == 16
    # 12 images to learn from and 4 held out, 4 a batch.
    assert plan.batches == 3
    assert steps == [(epoch, batch, 4) for epoch in (1, 2) for batch in (1, 2, 3, 4)]
    network = load_model(tmp_path / "m.safetensors")[1]
    assert parameters(plan) == sum(tensor.numel() for tensor in network.parameters())


def datasets(plan: Plan, workers: int, monkeypatch: pytest.MonkeyPatch, out: Path):
    """What a training would learn from, and what it would be judged by."""
    given = []
    monkeypatch.setattr(fitting, "fit", lambda *a: given.append(a[1:3]))
    train(plan, out, workers, silent)
    return given[0]


def test_the_network_is_given_composites_and_boxes_of_the_right_galaxies(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_SHARD", 5)  # three shards and one
    plan = make_plan([narrow], RECIPE)
    sample = Sample.open(narrow)
    table = sample.labels()
    seen = datasets(plan, 1, monkeypatch, tmp_path / "m.safetensors")
    boxes = 0
    for dataset, galaxies in zip(seen, (plan.training, plan.validation), strict=True):
        assert len(dataset) == len(galaxies)
        for k, name in enumerate(ids(galaxies)):
            row = dataset.rows[k]
            native = sample.galaxy(name)
            image = composite(native, RECIPE.composite)
            stored = dataset.data.pixels[row]
            assert np.abs(stored / 255 - image.pixels).max() <= 0.5 / 255 + 1e-6
            mine = np.asarray(table["galaxy_id"]) == name
            corners = np.column_stack([plain(table, corner)[mine] for corner in CORNERS])
            # From the middle of the field, which is that of the composite.
            ny, nx = native.shape
            expected = (corners - 0.5) * [nx, ny, nx, ny] * (64 / max(nx, ny)) + 24
            assert nx != ny
            assert dataset.data.boxes[row] == pytest.approx(expected)
            assert dataset.data.labels[row].tolist() == plain(table, "label")[mine].tolist()
            boxes += len(expected)
    assert boxes == len(table) > 10
    assert seen[0].augment == RECIPE.train.augment
    assert seen[1].augment is None


def test_workers_change_nothing(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_SHARD", 5)
    plan = make_plan([narrow], RECIPE)
    one, two = (
        datasets(plan, workers, monkeypatch, tmp_path / f"{workers}.safetensors")[0].data
        for workers in (1, 2)
    )
    np.testing.assert_array_equal(one.pixels, two.pixels)
    assert all(np.array_equal(a, b) for a, b in zip(one.boxes, two.boxes, strict=True))


def test_probabilities_are_chances_only_where_the_recipe_says_so(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Sample.open(narrow).labels()
    table["probability"] = np.where(np.arange(len(table)) % 2, 0.25, np.nan)
    write_parquet(table, tmp_path / "labels.parquet")
    for soft, chances in ((False, {1.0}), (True, {0.25, 1.0})):
        plan = make_plan([narrow], changed(soft_labels=soft), labels=tmp_path / "labels.parquet")
        data = datasets(plan, 1, monkeypatch, tmp_path / "m.safetensors")[0].data
        assert set(np.concatenate(data.weights)) == chances


def test_one_seed_one_file_and_nobody_elses_draws(narrow: Path, tmp_path: Path) -> None:
    def states():
        numbers = np.random.get_state()  # noqa: NPY002
        return torch.get_rng_state().tolist(), numbers[1].tolist(), numbers[2], random.getstate()

    before = states()
    made = {}
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        out = tmp_path / name / "m.safetensors"
        train(make_plan([narrow], RECIPE.model_copy(update={"seed": seed})), out, 1, silent)
        made[name] = out.read_bytes()
        assert states() == before
        torch.rand(1)
        np.random.rand()  # noqa: NPY002
        random.seed(name)
        before = states()
    one, two, other = (load_model(tmp_path / name / "m.safetensors")[1] for name in "abc")
    assert all(
        torch.equal(a, b)
        for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    )
    assert made["a"] == made["b"]
    weight = "roi_heads.box_predictor.cls_score.weight"
    assert not torch.equal(one.state_dict()[weight], other.state_dict()[weight])


def test_the_range_of_training_is_that_of_r_and_of_what_was_learned_from(
    narrow: Path, tmp_path: Path
) -> None:
    folder = copy(narrow, tmp_path / "sample")
    sample = Sample.open(folder)
    plan = make_plan([folder], RECIPE)
    learned = np.isin(sample.ids, ids(plan.training))
    hosts = sample.hosts
    hosts["psf_fwhm_r"] = np.where(learned, 1.2, 9.0) * hosts["psf_fwhm_r"].unit
    hosts["psf_fwhm_r"][np.flatnonzero(learned)[:3]] = [1.1, np.nan, 1.4] * hosts["psf_fwhm_r"].unit
    hosts["psf_fwhm_g"] = 2 * hosts["psf_fwhm_r"]
    hosts["pixscale_arcsec"] = np.where(learned, 0.4, 5.0) * hosts["pixscale_arcsec"].unit
    write_parquet(hosts, folder / "hosts.parquet")
    seen = make_plan([folder], RECIPE).spec("m").trained_on
    assert seen.psf_fwhm_arcsec == (1.1, 1.4)
    assert seen.pixscale_arcsec == (0.4, 0.4)
    hosts["psf_fwhm_r"][:] = np.nan
    write_parquet(hosts, folder / "hosts.parquet")
    assert make_plan([folder], RECIPE).spec("m").trained_on.psf_fwhm_arcsec is None


def test_training_goes_on_from_a_model(narrow: Path, tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{name}.safetensors" for name in "abc")
    train(make_plan([narrow], RECIPE), first, 1, silent)
    still = changed(start=str(first), max_learning_rate=1e-9)
    spec = train(make_plan([narrow], still), second, 1, silent)
    assert (spec.weights, spec.weights_sha256) == ("a", sha256_file(first))
    train(make_plan([narrow], changed(max_learning_rate=1e-9)), third, 1, silent)
    name = "roi_heads.box_predictor.cls_score.weight"
    before, after, new = (load_model(path)[1].state_dict()[name] for path in (first, second, third))
    assert torch.allclose(before, after, atol=1e-3)
    assert not torch.allclose(before, new, atol=1e-3)


def test_a_model_that_does_not_fit_is_told_before_any_work(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "a.safetensors"
    train(make_plan([narrow], RECIPE), first, 1, silent)
    monkeypatch.setattr(job, "ordered_map", None)
    wider = changed(start=str(first)).model_copy(update={"detector": DetectorConfig(channels=32)})
    with pytest.raises(ModelError, match=r"a\.safetensors architecture: expected .*channels=32"):
        train(make_plan([narrow], wider), tmp_path / "b.safetensors", 1, silent)
    unknown = RECIPE.model_copy(update={"detector": DetectorConfig(encoder="resnet17")})
    with pytest.raises(ModelError, match="resnet17"):
        train(make_plan([narrow], unknown), tmp_path / "b.safetensors", 1, silent)
    with pytest.raises(ModelError, match="nobody"):
        make_plan([narrow], changed(start="nobody"))


def test_unreadable_images_are_counted(narrow: Path, tmp_path: Path) -> None:
    folder = copy(narrow, tmp_path / "sample")
    plan = make_plan([folder], RECIPE)
    for broken in (*ids(plan.training)[2:5], ids(plan.validation)[0]):
        (folder / "images" / f"{broken}.fits").write_bytes(b"no image")
    spec = train(plan, tmp_path / "m.safetensors", 1, silent)
    assert spec.provenance == (
        "trained by clumpscope on 9 images, validated on 3 (12 images, 4 unreadable left out)"
    )
    for broken in ids(plan.validation):
        (folder / "images" / f"{broken}.fits").write_bytes(b"no image")
    with pytest.raises(TableError, match="some to learn from, and some held out, got 9 and 0"):
        train(plan, tmp_path / "n.safetensors", 1, silent)


def test_a_model_is_written_without_any_label(narrow: Path, tmp_path: Path) -> None:
    folder = copy(narrow, tmp_path / "sample")
    write_parquet(Sample.open(folder).labels()[:0], folder / "labels.parquet")
    out = tmp_path / "m.safetensors"
    spec = train(make_plan([folder], RECIPE), out, 1, silent)
    assert set(spec.metrics) == {"loss"}
    assert load_model(out)[0] == spec


def bare(narrow: Path, folder: Path) -> Path:
    """A sample without labels."""
    copy(narrow, folder)
    (folder / "labels.parquet").unlink()
    return folder


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


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("y1", 1.5, r"x1 < x2 and y1 < y2, got .*1\.5"),
        ("galaxy_id", "stray", "galaxy_id: expected a galaxy of the sample, got stray"),
    ],
)
def test_impossible_labels_are_named(
    narrow: Path, tmp_path: Path, column: str, value: object, message: str
) -> None:
    folder = copy(narrow, tmp_path / "sample")
    table = Sample.open(folder).labels()
    values = plain(table, column).astype(object)
    values[1] = value
    table[column] = values.astype(str if column == "galaxy_id" else float)
    write_parquet(table, folder / "labels.parquet")
    with pytest.raises(TableError, match=rf"labels\.parquet, row 2, .*{message}"):
        make_plan([folder], RECIPE)
    if column != "galaxy_id":  # a file may hold more galaxies than the samples
        with pytest.raises(TableError, match=rf"labels\.parquet, row 2, .*{message}"):
            make_plan([folder], RECIPE, labels=folder / "labels.parquet")


def test_a_model_file_is_never_overwritten(narrow: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    out.write_bytes(b"precious")
    with pytest.raises(StoreError, match=r"m\.safetensors: expected a new file, got"):
        train(make_plan([narrow], RECIPE), out, 1, silent)
    assert out.read_bytes() == b"precious"


def test_a_folder_that_takes_no_file_is_told_before_any_work(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(job, "ordered_map", None)
    with pytest.raises(StoreError, match=r"cannot write .*m\.safetensors: "):
        train(make_plan([narrow], RECIPE), tmp_path / "file" / "m.safetensors", 1, silent)


def test_samples_that_cannot_be_used(narrow: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such folder"):
        make_plan([tmp_path / "none"], RECIPE)
    with pytest.raises(StoreError, match=r"labels\.parquet: no such file"):
        make_plan([bare(narrow, tmp_path / "bare")], RECIPE)
