"""The benchmark samples are those that were frozen before the model was trained."""

import os
import subprocess
import sys

import pytest

from clumpscope.store.sample import Sample
from places import RECIPES

# numpy's AVX-512 functions differ in the last digit, fluxes then by 1e-6: not for the hash.
ANY_CPU = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}
FROZEN = [line.split() for line in (RECIPES / "benchmark.sha256").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize(("digest", "name", "count"), FROZEN)
def test_benchmark_sample_is_the_frozen_one(digest, name, count, tmp_path):
    recipe = RECIPES / f"benchmark-{name}.toml"
    words = ("simulate", tmp_path / name, "--galaxies", count, "--recipe", recipe)
    command = [sys.executable, "-m", "clumpscope", *map(str, words)]
    subprocess.run(command, env=os.environ | ANY_CPU, check=True)
    assert Sample.open(tmp_path / name).content_hash() == digest
