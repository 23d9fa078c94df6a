"""Training on a small sample: a model file that can be loaded and finds something."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from clumpscope.config.recipe import Recipe
from clumpscope.config.train import AugmentConfig, DetectorConfig, TrainConfig
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.core.schema import plain
from clumpscope.detector.predict import Detector
from clumpscope.detector.weights import load_model
from clumpscope.errors import ModelError, StoreError, TableError
from clumpscope.jobs.train import train
from clumpscope.stages.labels.boxes import labels_by_galaxy
from clumpscope.store.manifest import sha256_file
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet

RECIPE = Recipe(
    detector=DetectorConfig(channels=16, head=16),
    train=TrainConfig(
        epochs=1,
        batch_size=4,
        validation_fraction=0.2,
        augment=AugmentConfig(scale=0.1, smooth=0.5),
    ),
)


def boxes_of(folder):
    """Labels of a sample as boxes."""
    sample = Sample.open(folder)
    return labels_by_galaxy(sample.labels(), sample.ids, folder / "labels.parquet")


def test_training_writes_a_model_that_loads(survey: Path, tmp_path: Path) -> None:
    reported = []
    spec = train([survey], tmp_path / "m.safetensors", RECIPE, 1, lambda *a: reported.append(a))
    assert [epoch for epoch, _ in reported] == [1]
    assert np.isfinite(reported[0][1]["loss"])
    detector = Detector.load(tmp_path / "m.safetensors", 0.0)
    assert detector.spec == spec
    assert spec.trained_on.psf_fwhm_arcsec is not None
    low, high = spec.trained_on.psf_fwhm_arcsec
    assert 0.9 < low < high < 2
    assert (spec.weights, spec.weights_sha256) == ("random", "")
    assert spec.provenance == (
        "trained by clumpscope on 32 images, validated on 8 (40 images, 0 unreadable left out)"
    )


def test_training_goes_on_from_a_model(survey: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    train([survey], first, RECIPE, 1, lambda *_: None)
    still = RECIPE.train.model_copy(update={"start": str(first), "max_learning_rate": 1e-9})
    spec = train([survey], second, RECIPE.model_copy(update={"train": still}), 1, lambda *_: None)
    assert (spec.weights, spec.weights_sha256) == ("a", sha256_file(first))
    before, after = (load_model(path)[1].state_dict() for path in (first, second))
    name = "roi_heads.box_predictor.cls_score.weight"
    assert torch.allclose(before[name], after[name], atol=1e-3)
    other = still.model_copy(update={"start": None})
    third = tmp_path / "new" / "c.safetensors"
    train(
        [survey], third, RECIPE.model_copy(update={"train": other, "seed": 9}), 1, lambda *_: None
    )
    assert not torch.allclose(before[name], load_model(third)[1].state_dict()[name], atol=1e-3)
    wider = RECIPE.model_copy(update={"train": still, "detector": DetectorConfig(channels=32)})
    with pytest.raises(ModelError, match="architecture"):
        train([survey], tmp_path / "d.safetensors", wider, 1, lambda *_: None)


def test_labels_come_as_the_table_has_them(survey: Path) -> None:
    sample = Sample.open(survey)
    table, boxes = sample.labels(), labels_by_galaxy(sample.labels(), sample.ids, "labels")
    assert sum(map(len, boxes.values())) == len(table)
    galaxy_id = str(table["galaxy_id"][0])
    mine = np.asarray(table["galaxy_id"]) == galaxy_id
    assert boxes[galaxy_id].xyxy[:, 0] == pytest.approx(plain(table, "x1")[mine])
    assert boxes_native_to_fraction([[-0.5, -0.5, 99.5, 99.5]], (100, 100)).tolist() == [
        [0, 0, 1, 1]
    ]


def part_of(survey: Path, folder: Path, n: int) -> Path:
    """The first galaxies of a sample."""
    (folder / "images").mkdir(parents=True)
    sample = Sample.open(survey)
    for path in sample.paths[:n]:
        shutil.copy(path, folder / "images")
    write_parquet(sample.hosts[:n], folder / "hosts.parquet")
    labels = sample.labels()
    write_parquet(labels[np.isin(labels["galaxy_id"], sample.ids[:n])], folder / "labels.parquet")
    return folder


def test_unreadable_images_are_counted(survey: Path, tmp_path: Path) -> None:
    sample = part_of(survey, tmp_path / "sample", 8)
    Sample.open(sample).paths[3].write_bytes(b"no image")
    spec = train([sample], tmp_path / "m.safetensors", RECIPE, 1, lambda *_: None)
    assert spec.provenance == (
        "trained by clumpscope on 6 images, validated on 1 (7 images, 1 unreadable left out)"
    )


def test_a_model_is_written_without_any_label(survey: Path, tmp_path: Path) -> None:
    sample = part_of(survey, tmp_path / "sample", 6)
    write_parquet(Sample.open(sample).labels()[:0], sample / "labels.parquet")
    out = tmp_path / "m.safetensors"
    spec = train([sample], out, RECIPE, 1, lambda *_: None)
    assert set(spec.metrics) == {"loss"}
    assert load_model(out)[0] == spec


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("label", 3, r"label: expected 1 \(clump\) or 2 \(odd clump\), got 3"),
        ("label", 0, "label: expected 1 .*, got 0"),
        ("x2", 0.0, r"x1 < x2 and y1 < y2, got"),
        ("y1", 1.5, r"x1 < x2 and y1 < y2, got .*1\.5"),
        ("x1", np.nan, "finite numbers, got nan, "),
        ("y2", np.inf, "finite numbers, got .*, inf"),
        ("galaxy_id", "stray", "galaxy_id: expected a galaxy of the sample, got stray"),
    ],
)
def test_impossible_labels_are_named(
    survey: Path, tmp_path: Path, column: str, value: object, message: str
) -> None:
    sample = part_of(survey, tmp_path / "sample", 4)
    table = Sample.open(sample).labels()
    values = plain(table, column).astype(object)
    values[1] = value
    table[column] = values.astype(str if column == "galaxy_id" else float)
    write_parquet(table, sample / "labels.parquet")
    with pytest.raises(TableError, match=rf"labels\.parquet, row 2, .*{message}"):
        boxes_of(sample)


def test_a_model_file_is_never_overwritten(survey: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    out.write_bytes(b"precious")
    with pytest.raises(StoreError, match=r"m\.safetensors: expected a new file, got"):
        train([survey], out, RECIPE, 1, lambda *_: None)
    assert out.read_bytes() == b"precious"


def test_a_folder_that_takes_no_file_is_told_before_any_work(
    survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("clumpscope.jobs.train.ordered_map", None)
    with pytest.raises(StoreError, match=r"cannot write .*m\.safetensors: "):
        train([survey], tmp_path / "file" / "m.safetensors", RECIPE, 1, lambda *_: None)


def test_bad_input(survey: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        train([tmp_path / "none"], tmp_path / "m.safetensors", RECIPE, 1, lambda *_: None)
    unknown = RECIPE.model_copy(update={"detector": DetectorConfig(encoder="resnet17")})
    with pytest.raises(ModelError, match="resnet17"):
        train([survey], tmp_path / "m.safetensors", unknown, 1, lambda *_: None)


def test_probabilities_of_a_consensus_become_scores(survey: Path, tmp_path: Path) -> None:
    (tmp_path / "images").symlink_to(survey / "images")
    (tmp_path / "hosts.parquet").symlink_to(survey / "hosts.parquet")
    labels = Sample.open(survey).labels()
    labels["probability"] = np.where(np.arange(len(labels)) % 2, 0.25, np.nan)
    write_parquet(labels, tmp_path / "labels.parquet")
    scores = np.concatenate([b.scores for b in boxes_of(tmp_path).values()])
    assert sorted(set(scores)) == [0.25, 1.0]  # what is not known counts in full
    assert (scores == 1).sum() == -(-len(labels) // 2)
