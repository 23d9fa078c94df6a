"""The benchmark samples are those that were frozen before the model was trained."""

from pathlib import Path

import pytest

from clumpscope.acquire import simulate
from clumpscope.config import load_recipe
from clumpscope.store.sample import Sample

RECIPES = Path(__file__).parents[2] / "recipes"
FROZEN = [line.split() for line in (RECIPES / "benchmark.sha256").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize(("digest", "name", "count"), FROZEN)
def test_benchmark_sample_is_the_frozen_one(digest, name, count, tmp_path):
    recipe = load_recipe(RECIPES / f"benchmark-{name}.toml")
    simulate(tmp_path / name, int(count), recipe, 2)
    assert Sample.open(tmp_path / name).content_hash() == digest
