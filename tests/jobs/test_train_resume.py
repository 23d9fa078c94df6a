"""What --resume goes on with, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from clumpscope.detector.training.examples import TrainingSet
from clumpscope.detector.training.module import DetectorModule
from clumpscope.errors import FolderError, StoreError, TrainingError
from clumpscope.jobs import books
from clumpscope.jobs import galaxies as reading
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.train import train
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet
from small_training import changed, copy, silent


class Stop(BaseException):
    """As a kill: nothing is tidied up but the lock, which the system would take away."""


def stopped(sample: Path, out: Path) -> None:
    """A training that ended after its second step, with a state of the first one."""

    def step(epoch: int, batch: int, _: int) -> None:
        if batch == 2:
            raise Stop

    with pytest.raises(Stop):
        train(make_plan([sample], changed(checkpoint_steps=1)), out, 1, silent, step=step)


def test_what_changed_is_named(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample, out = copy(narrow, tmp_path / "sample"), tmp_path / "m.safetensors"
    stopped(sample, out)

    def refused(recipe, message: str) -> None:
        plan = make_plan([sample], recipe)
        with pytest.raises(FolderError, match=f"resume with what it began with, got {message}$"):
            train(plan, out, 1, silent, resume=True)

    with pytest.raises(StoreError, match=r"m\.training: .*--resume goes on"):
        train(make_plan([sample], changed()), out, 1, silent)
    refused(changed(epochs=2), "another train.epochs")
    refused(
        changed(batch_size=2, soft_labels=True), "another train.batch_size and train.soft_lab.*"
    )
    refused(changed().model_copy(update={"seed": 9}), "another seed and split")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(books, "version", lambda name: f"{name} 0")
        refused(changed(), "another version of lightning and version of numpy and .*")
    labels = Sample.open(sample).labels()
    write_parquet(labels[1:], sample / "labels.parquet")
    refused(changed(), "another labels")
    write_parquet(labels, sample / "labels.parquet")
    # Neither changes what comes of it; the images are not made ready again.
    monkeypatch.setattr(reading, "ordered_map", None)
    spec = train(
        make_plan([sample], changed(workers=1, checkpoint_steps=2)), out, 1, silent, resume=True
    )
    assert spec.metrics
    assert train(make_plan([sample], changed()), out, 1, silent, resume=True) == spec
    assert sorted(path.name for path in (tmp_path / "m.training").iterdir()) == [
        *("last.safetensors", "losses.png", "manifest.json", "metrics.csv")
    ]


def test_a_cache_serves_other_trainings_on_the_same_images(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    train(make_plan([narrow], changed()), tmp_path / "a.safetensors", 1, silent, cache=cache)
    (folder,) = cache.iterdir()
    assert len(TrainingSet.kept(folder)) == 16
    monkeypatch.setattr(reading, "ordered_map", None)  # nothing is made ready again
    other = changed(max_learning_rate=1e-5)
    told = []
    train(
        *(make_plan([narrow], other), tmp_path / "b.safetensors", 1, silent),
        cache=cache,
        composed=told.append,
    )
    soft = make_plan([narrow], changed(soft_labels=True))
    with pytest.raises(TypeError):
        train(soft, tmp_path / "c.safetensors", 1, silent, cache=cache)


def test_the_cache_of_a_training_serves_all_that_see_the_same(narrow: Path) -> None:
    def key(**changes: dict[str, object]) -> str:
        recipe = changed()
        sections = {
            name: getattr(recipe, name).model_copy(update=change)
            for name, change in changes.items()
        }
        return make_plan([narrow], recipe.model_copy(update=sections)).images_key

    assert key() == key(detector={"finds": "centres"}) == key(train={"epochs": 9})
    assert key() == key(detect={"score_floor": 0.2})
    others = [key(composite={"size": 100}), key(detector={"family": "psf"})]
    others.append(key(detect={"as_sdss": True}))
    assert len({key(), *others}) == 4


def test_a_batch_that_breaks_a_training_is_kept_with_its_galaxies(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = DetectorModule.training_step

    def broken(self, batch, number):
        losses = real(self, batch, number)
        return losses if number < 2 else {**losses, "loss": losses["loss"] * np.nan}

    monkeypatch.setattr(DetectorModule, "training_step", broken)
    plan = make_plan([narrow], changed(epochs=2))
    with pytest.raises(TrainingError, match=r"epoch 1, batch 3: .*m\.training/broken_batch\.npz"):
        train(plan, tmp_path / "m.safetensors", 1, silent)
    with np.load(tmp_path / "m.training" / "broken_batch.npz") as kept:
        ids = kept["galaxy_id"].tolist()
        known = {one.galaxy_id: len(one.boxes) for one in plan.training}
        assert [len(kept[f"boxes_{k}"]) <= known[name] for k, name in enumerate(ids)] == [True] * 4


def test_the_log_has_a_row_a_step_and_a_row_an_epoch(narrow: Path, tmp_path: Path) -> None:
    reported = []
    plan = make_plan([narrow], changed(epochs=2))
    train(plan, tmp_path / "m.safetensors", 1, lambda *one: reported.append(one))
    log = Table.read(tmp_path / "m.training" / "metrics.csv")
    assert log["step"].tolist() == [1, 2, 3, 3, 4, 5, 6, 6]
    ends = log[~log["epoch_loss"].mask]
    for row, (_, metrics) in zip(ends, reported, strict=True):
        assert (row["epoch_loss"], row["epoch_f1"]) == (metrics["loss"], metrics["f1"])
    steps = log[log["epoch_loss"].mask]
    assert steps["loss"][:3].mean() == pytest.approx(reported[0][1]["loss"])


def test_memory_that_does_not_suffice_is_told_before_the_first_step(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clumpscope.detector.training import estimate

    monkeypatch.setattr(estimate, "free_bytes", lambda _: 1_000_000)
    with pytest.raises(TrainingError, match="memory of a training step: .* not even one image"):
        train(make_plan([narrow], changed()), tmp_path / "m.safetensors", 1, silent)
    assert not (tmp_path / "m.safetensors").exists()
