"""From samples and labels to a model, on cutouts that are not square."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from clumpscope.config.train import DetectorConfig
from clumpscope.core.composite import composite
from clumpscope.core.schema import plain
from clumpscope.detector.predict import Detector
from clumpscope.detector.training import fit as fitting
from clumpscope.detector.weights import load_model
from clumpscope.errors import ModelError, StoreError, TableError
from clumpscope.jobs import galaxies as reading
from clumpscope.jobs.plan import Plan, make_plan
from clumpscope.jobs.train import rehearse, train
from clumpscope.store.manifest import sha256_file
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet
from small_training import RECIPE, bare, changed, copy, ids, silent

CORNERS = ("x1", "y1", "x2", "y2")


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
    learned = sum(tensor.numel() for tensor in network.parameters())
    needs = rehearse(plan, tmp_path / "other.safetensors")
    assert needs.parameters == needs.trainable == learned
    assert not list(tmp_path.glob("other*"))


def datasets(plan: Plan, workers: int, monkeypatch: pytest.MonkeyPatch, out: Path):
    """What a training would learn from, and what it would be judged by."""
    given = []

    def fit(*arguments):
        given.append(arguments[1:3])
        raise InterruptedError

    monkeypatch.setattr(fitting, "fit", fit)
    with pytest.raises(InterruptedError):
        train(plan, out, workers, silent)
    return given[0]


def test_the_network_is_given_composites_and_boxes_of_the_right_galaxies(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_SHARD", 5)  # three shards and one
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
    monkeypatch.setattr(reading, "_SHARD", 5)
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
        data = datasets(plan, 1, monkeypatch, tmp_path / f"{soft}.safetensors")[0].data
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
    for band in "ugriz":
        hosts[f"psf_fwhm_{band}"][:] = np.nan
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
    monkeypatch.setattr(reading, "ordered_map", None)
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
    assert set(spec.metrics) == {"loss", "val_loss"}
    assert load_model(out)[0] == spec


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
    with pytest.raises(TableError, match=rf"labels\.parquet, row 2.*{message}"):
        make_plan([folder], RECIPE)
    if column != "galaxy_id":  # a file may hold more galaxies than the samples
        with pytest.raises(TableError, match=rf"labels\.parquet, row 2.*{message}"):
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
    monkeypatch.setattr(reading, "ordered_map", None)
    with pytest.raises(StoreError, match=r"m\.safetensors: expected a place in a folder"):
        train(make_plan([narrow], RECIPE), tmp_path / "file" / "m.safetensors", 1, silent)


def test_samples_that_cannot_be_used(narrow: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such folder"):
        make_plan([tmp_path / "none"], RECIPE)
    with pytest.raises(StoreError, match=r"labels\.parquet: no such file"):
        make_plan([bare(narrow, tmp_path / "bare")], RECIPE)
