"""`train` of an encoder of shapes: votes, pictures, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.config.recipe import load_recipe
from clumpscope.core.questions import ANSWERS
from clumpscope.detector.morphology import fit
from clumpscope.errors import ClumpscopeError, FolderError, ModelError, TableError
from clumpscope.jobs import encoders
from clumpscope.jobs.encoders import train_morphology
from clumpscope.jobs.galaxies import votes_for, with_votes
from clumpscope.jobs.plan import make_plan
from clumpscope.models.encoder import read_card
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet
from places import RECIPES
from small_training import ids, silent

TINY = "resnet10t"
RECIPE = f"""
seed = 3
[composite]
size = 64
crop = 48
[train]
what = "morphology"
validation_fraction = 0.25
[morphology]
encoder = "{TINY}"
size = 32
epochs = 2
batch_size = 4
"""


@pytest.fixture
def voted(narrow: Path, survey: Path, tmp_path: Path) -> Path:
    """Sixteen galaxies with votes and no labels; one of them has none."""
    folder = tmp_path / "voted"
    folder.mkdir()
    (folder / "images").symlink_to(narrow / "images")
    shutil.copy(narrow / "hosts.parquet", folder)
    write_parquet(read_parquet(survey / "votes.parquet")[1:20], folder / "votes.parquet")
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(5):
        pixels = rng.integers(0, 256, (30, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"p{k}.jpg")
    (folder / "p4.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "r.toml").write_text(RECIPE)
    return tmp_path / "r.toml"


def command(recipe: Path, sample: Path, *more: object) -> list[str]:
    out = recipe.with_name("e.safetensors")
    words = ["train", recipe, "--sample", sample, "--out", out, "--workers", 1, *more]
    return [str(word) for word in words]


def test_votes_go_with_their_galaxies(voted: Path) -> None:
    sample = Sample.open(voted)
    galaxies, notes = with_votes([sample])
    assert ids(galaxies) == sample.ids[1:]
    assert notes == {"galaxies without votes, left out": 1}
    table = read_parquet(voted / "votes.parquet")
    found = votes_for([sample], galaxies[::-1])[::-1]
    for name, column in zip(ANSWERS, found.T, strict=True):
        assert column.tolist() == list(table[name][:15])


def test_it_trains_on_the_command_line(recipe: Path, voted: Path, pictures: Path) -> None:
    words = command(recipe, voted, "--pictures", pictures)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "galaxies without votes, left out: 1" in result.stdout
    assert "morphology, epoch 2/2: likelihood -" in result.stdout
    assert f"encoder {TINY} in" in result.stdout
    card = read_card(recipe.with_name("e.safetensors"))
    assert card is not None
    assert "votes for 11 images and 4 without, validated on 4" in card.provenance
    assert "likelihood" in card.metrics


def test_votes_reach_their_images(
    recipe: Path, voted: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    monkeypatch.setattr(fit, "fit_morphology", lambda *args: given.append(args))
    plan = make_plan([voted], load_recipe(recipe))
    cache = tmp_path / "cache"
    for number in (1, 2):
        out = tmp_path / f"{number}.safetensors"
        train_morphology(plan, out, 1, silent, pictures=[pictures], cache=cache)
        monkeypatch.setattr(encoders, "views", None)  # the second time they are there
    data, votes, held_out, *_ = given[1]
    n = len(plan.training)
    assert data.source.tolist() == list(range(15 + 4))
    assert (votes[:15] == votes_for(plan.samples, [*plan.training, *plan.validation])).all()
    assert not votes[15:].any()
    assert held_out.tolist() == [False] * n + [True] * (15 - n) + [False] * 4
    assert data.pixels[18].shape == (3, 48, 48)


def test_a_dry_run_trains_nothing(recipe: Path, voted: Path, pictures: Path) -> None:
    result = CliRunner().invoke(app, command(recipe, voted, "--pictures", pictures, "--dry-run"))
    assert result.exit_code == 0, result.output
    told = " ".join(result.stdout.split())
    assert "training 11 validation 4" in told
    assert f"pictures: 5 {TINY}, 4.92 million parameters" in told
    assert not recipe.with_name("e.safetensors").exists()


def refused(error: type[ClumpscopeError], message: str, words: list[str]) -> None:
    with pytest.raises(error, match=message):
        CliRunner().invoke(app, words, catch_exceptions=False)


def test_what_cannot_be_used_is_told_before_any_work(
    recipe: Path, voted: Path, narrow: Path, pictures: Path, tmp_path: Path, cache: Path
) -> None:
    refused(FolderError, "`clumpscope simulate` without --hosts", command(recipe, narrow))
    labels = ("--labels", narrow / "labels.parquet")
    refused(TableError, "--labels: expected none for morph", command(recipe, voted, *labels))
    nowhere = ("--pictures", tmp_path / "nowhere", "--dry-run")
    refused(FolderError, "nowhere: no such folder", command(recipe, voted, *nowhere))
    text = recipe.read_text()
    recipe.write_text(text + 'start = "hf_hub:mwalmsley/zoobot-encoder-resnet50"\n')
    refused(ModelError, "clumpscope models fetch hf_hub", command(recipe, voted))
    recipe.write_text(text.replace(TINY, "resnet10x"))
    refused(ModelError, "a timm model, got resnet10x", command(recipe, voted, "--dry-run"))
    recipe.write_text(text.replace('"morphology"', '"classifier"'))
    refused(TableError, "--pictures", command(recipe, narrow, "--pictures", pictures))


def test_votes_for_nobody_and_one_galaxy_are_refused(recipe: Path, voted: Path) -> None:
    table = read_parquet(voted / "votes.parquet")
    write_parquet(table[:1], voted / "votes.parquet")
    refused(TableError, "two", command(recipe, voted))
    write_parquet(table[16:], voted / "votes.parquet")
    refused(TableError, r"votes for a galaxy of the sample, got none", command(recipe, voted))
    for name in ANSWERS:
        table[name] = 0
    write_parquet(table, voted / "votes.parquet")
    refused(TableError, r"votes for a galaxy of the sample, got none", command(recipe, voted))


def test_the_recipe_is_what_it_says() -> None:
    recipe = load_recipe(RECIPES / "morphology.toml")
    assert recipe.train.what == "morphology"
    smallest = (1 - recipe.morphology.margin) * recipe.composite.crop
    assert smallest < recipe.morphology.size < recipe.composite.crop
