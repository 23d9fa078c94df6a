"""`train` from weights of an encoder, and from a classifier that it trains first."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.config.classifier import ClassifierConfig
from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.train import TrainConfig
from clumpscope.core.records import SPLIT, record_table
from clumpscope.detector.starts.encoder import encoder_layout, read_encoder
from clumpscope.detector.weights import load_model
from clumpscope.errors import ModelError
from clumpscope.jobs.encoders import train_classifier
from clumpscope.jobs.plan import make_plan
from clumpscope.jobs.train import train
from clumpscope.models import trained
from clumpscope.models.encoder import read_card
from clumpscope.models.spec import IMAGENET_MEAN, IMAGENET_STD, Published
from clumpscope.models.starts import LISTED
from clumpscope.store.manifest import sha256_file
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet
from oblong import cut_sample
from places import RECIPES
from small_training import RECIPE, changed, copy, ids, silent

TINY = "resnet10t"
PAPER = sorted(path for path in (RECIPES / "paper").glob("*-*.toml"))


def weights_of(encoder: str) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        key: torch.tensor(7)
        if one.ndim == 0
        else 0.5 + torch.rand(one.shape, generator=generator)
        if one.ndim == 1
        else torch.randn(one.shape, generator=generator) / one[0].numel() ** 0.5
        for key, one in encoder_layout(encoder).items()
    }


@pytest.fixture
def zoobot(cache: Path) -> str:
    """Weights under a name of Zoobot's in the cache."""
    path = cache / "weights" / "mwalmsley" / f"zoobot-encoder-{TINY}" / "pytorch_model.bin"
    path.parent.mkdir(parents=True)
    torch.save(weights_of(TINY), path)
    return f"hf_hub:mwalmsley/zoobot-encoder-{TINY}"


@pytest.mark.parametrize("blocks", [0, 1])
def test_what_is_frozen_changes_by_no_bit_and_the_rest_does(
    blocks: int, zoobot: str, narrow: Path, tmp_path: Path
) -> None:
    recipe = changed(start=zoobot, trainable_blocks=blocks, max_learning_rate=1e-2)
    out = tmp_path / "m.safetensors"
    spec = train(make_plan([narrow], recipe), out, 1, silent)
    assert spec.mean == (0, 0, 0)
    state = {
        key.removeprefix("backbone.encoder."): one
        for key, one in load_model(out)[1].state_dict().items()
    }
    given = weights_of(TINY)
    learned = set()
    for key in set(given) & set(state):
        kept = given[key].half().float() if given[key].is_floating_point() else given[key]
        if not torch.equal(state[key], kept):  # the file holds half precision
            learned.add(key.split(".")[0])
    assert learned == ({"layer3"} if blocks else set())


def mixed(narrow: Path, folder: Path) -> Path:
    """Every other galaxy without labels."""
    copy(narrow, folder)
    table = Sample.open(folder).labels()
    names = sorted(set(table["galaxy_id"]))[::2]
    write_parquet(table[[name in names for name in table["galaxy_id"]]], folder / "labels.parquet")
    return folder


CLASSIFIER = ClassifierConfig(encoder=TINY, size=32, epochs=2, batch_size=4)


def with_classifier(**settings: object) -> Recipe:
    return changed(validation_fraction=0.4, **settings).model_copy(
        update={"classifier": CLASSIFIER}
    )


def test_the_chain_trains_the_classifier_first(narrow: Path, tmp_path: Path) -> None:
    sample = mixed(narrow, tmp_path / "sample")
    recipe = with_classifier(start="classifier", trainable_blocks=0)
    told: list[tuple[int, bool]] = []
    out = tmp_path / "m.safetensors"
    plan = make_plan([sample], recipe)
    spec = train(plan, out, 1, lambda epoch, metrics: told.append((epoch, "accuracy" in metrics)))
    assert told == [(1, True), (2, True), (1, False)]
    card = read_card(tmp_path / "m-classifier.safetensors")
    assert card is not None
    assert card.encoder == TINY
    assert (spec.mean, spec.std) == (card.mean, card.std)
    assert spec.weights.startswith("encoder: classifier (")
    encoder = read_encoder(tmp_path / "m-classifier.safetensors", TINY).tensors
    first = load_model(out)[1].state_dict()["backbone.encoder.layer2.0.conv1.weight"]
    assert torch.equal(first, encoder["layer2.0.conv1.weight"].half().float())


def test_a_classifier_never_sees_what_is_held_out_from_the_detector(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = mixed(narrow, tmp_path / "sample")
    seen = []
    monkeypatch.setattr(
        "clumpscope.detector.classifier.fit.fit_classifier",
        lambda data, first, *_: seen.append((len(data), first)),
    )
    plan = make_plan([sample], with_classifier(what="classifier"))
    train_classifier(plan, tmp_path / "e.safetensors", 1, silent)
    ((total, first),) = seen
    assert total == len(plan.training) == 16 - len(plan.validation)
    assert 0 < first < total
    assert plan.others == []


def test_galaxies_outside_the_run_group_teach_the_classifier(
    narrow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = Sample.open(narrow)
    names = list(sample.ids)
    sides = ["train"] * 4 + ["validation"] * 2 + ["test"] * 2
    table = record_table(SPLIT, {"galaxy_id": names[:8], "group": [1] * 8, "split": sides})
    write_parquet(table, tmp_path / "groups.parquet")
    plan = make_plan([narrow], RECIPE, groups=tmp_path / "groups.parquet", group=1)
    assert ids(plan.others) == names[8:]


def test_a_classifier_alone_on_the_command_line(narrow: Path, tmp_path: Path) -> None:
    sample = mixed(narrow, tmp_path / "sample")
    (tmp_path / "r.toml").write_text(
        "seed = 3\n[composite]\nsize = 64\ncrop = 48\n"
        '[train]\nwhat = "classifier"\nvalidation_fraction = 0.4\n'
        f'[classifier]\nencoder = "{TINY}"\nsize = 32\nepochs = 2\nbatch_size = 4\n'
    )
    out = tmp_path / "e.safetensors"
    arguments = ["train", tmp_path / "r.toml", "--sample", sample, "--out", out]
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    assert "classifier, epoch 2/2: accuracy" in result.stdout
    assert f"encoder {TINY} in" in result.stdout
    assert read_card(out) is not None


def test_weights_that_are_not_here_are_told_before_any_work(cache: Path, narrow: Path) -> None:
    absent = "hf_hub:mwalmsley/zoobot-encoder-resnet50"
    for recipe in (
        changed(start=absent),
        changed(start="classifier").model_copy(
            update={"classifier": ClassifierConfig(start=absent)}
        ),
    ):
        with pytest.raises(ModelError, match=rf"clumpscope models fetch {absent}.*resolve/main"):
            make_plan([narrow], recipe)


def test_the_papers_five_models_are_table_2() -> None:
    blocks = {path.stem: load_recipe(path).train.trainable_blocks for path in PAPER}
    assert blocks == {
        "imagenet-backbone": 0,
        "imagenet-backbone-finetuned": 3,
        "zoobot-backbone": 0,
        "zoobot-backbone-finetuned": 3,
        "zoobot-clumps-backbone": 0,
    }
    for path in PAPER:
        recipe = load_recipe(path)
        start = recipe.train.start
        assert start is not None
        assert path.stem.startswith(
            {"torchvision": "imagenet-", "hf_hub": "zoobot-b", "classifier": "zoobot-clumps"}[
                start.partition(":")[0]
            ]
        )
        same = {"start": None, "trainable_blocks": None}
        assert recipe.train.model_copy(update=same) == TrainConfig(
            normalisation="imagenet",
            epochs=120,
            batch_size=32,
            optimizer="adam",
            max_learning_rate=1e-4,
            schedule="constant",
            weight_decay=5e-5,
            gradient_clip=0,
            validation_fraction=0.2,
            augment={"transpose": False},
        )
        assert recipe.detector.family == "published"
        assert (recipe.composite.crop, Published().min_size) == (200, 800)


@pytest.mark.slow
@pytest.mark.parametrize("path", PAPER, ids=lambda path: path.stem)
def test_the_papers_recipes_train_two_epochs(
    path: Path, cache: Path, survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a fifth of the scale; weights of the right layout in the place of the real ones."""
    content = tmp_path / "resnet50.pth"
    torch.save(weights_of("resnet50"), content)
    for place in ("mwalmsley/zoobot-encoder-resnet50/pytorch_model.bin", "torchvision/r.pth"):
        target = cache / "weights" / place
        target.parent.mkdir(parents=True)
        target.symlink_to(content)
    known = replace(LISTED["torchvision:resnet50"], file="r.pth", sha256=sha256_file(content))
    monkeypatch.setitem(LISTED, "torchvision:resnet50", known)
    small_network = (Published(min_size=160), IMAGENET_MEAN, IMAGENET_STD)
    monkeypatch.setattr(trained, "_architecture", lambda _: small_network)
    recipe = load_recipe(path)
    settings = {"epochs": 2, "batch_size": 4, "validation_fraction": 0.4}
    small = {"epochs": 2, "batch_size": 4, "size": 64}
    recipe = recipe.model_copy(
        update={
            "train": recipe.train.model_copy(update=settings),
            "classifier": recipe.classifier.model_copy(update=small),
        }
    )
    cut_sample(survey, tmp_path / "sample", 10)
    sample = tmp_path / "sample"
    out = tmp_path / "m.safetensors"
    spec = train(make_plan([sample], recipe), out, 1, silent)
    assert spec.mean == IMAGENET_MEAN
    network = load_model(out)[1]
    given = weights_of("resnet50")
    if recipe.train.start == "classifier":
        given = read_encoder(tmp_path / "m-classifier.safetensors", "resnet50").tensors
    learned = {
        key.split(".")[0]
        for key, one in network.backbone.body.state_dict().items()
        if not torch.equal(one, given[key].half().float())
    }
    assert learned == ({"layer2", "layer3", "layer4"} if recipe.train.trainable_blocks else set())
    content.unlink()
