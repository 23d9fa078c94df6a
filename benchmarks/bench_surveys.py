"""Completeness and purity of one model on surveys unlike each other, without any retraining.

SDSS's own benchmark, HSC with a seed that no training saw, and two presets that no training recipe
holds: Rubin's ten-year coadds, and DECaLS, of which the model sees g, r and z alone (fluxes are
measured in u all the same, so that the definition at 3 % holds).

    python benchmarks/bench_surveys.py [MODEL] [--galaxies N] [--work DIR]
"""

import argparse
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from unittest import mock

from bench_completeness import RECIPES, describe

from clumpscope.config.recipe import load_recipe
from clumpscope.config.run import DetectConfig, MeasureConfig
from clumpscope.core.galaxy import AnyImage, GalaxyImage
from clumpscope.engine.local import default_workers
from clumpscope.jobs import pipeline
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.models import view as views
from clumpscope.models.registry import find_model
from clumpscope.models.spec import DetectorSpec
from clumpscope.stages.evaluate.scores import evaluate
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample


@dataclass(frozen=True)
class Survey:
    """A recipe, a seed of no training, and the bands that the model sees (all if empty)."""

    recipe: str
    seed: int
    seen: str = ""


SURVEYS = (
    Survey("sdss", 7100),
    Survey("hsc", 7101),
    Survey("rubin", 7201),
    Survey("decals", 7202, "grz"),
)


def seen_in(
    bands: str, image: AnyImage, spec: DetectorSpec, detect: DetectConfig | None = None
) -> views.View:
    """What a model sees of some of an image's bands."""
    if bands and isinstance(image, GalaxyImage):
        image = replace(image, bands={band: image[band] for band in bands})
    return views.view(image, spec, detect)


def main() -> None:
    """Simulate, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--galaxies", type=int, default=300)
    parser.add_argument("--work", type=Path, default=Path(tempfile.mkdtemp()))
    options = parser.parse_args()
    model = str(find_model(options.model))
    for survey in SURVEYS:
        recipe = load_recipe(RECIPES / f"{survey.recipe}.toml")
        recipe = recipe.model_copy(update={"seed": survey.seed})
        bands = recipe.simulate.observe.bands
        recipe = recipe.model_copy(update={"measure": MeasureConfig(bands=bands)})
        folder = options.work / f"{survey.recipe}-{options.galaxies}"
        if not folder.exists():
            simulate(folder, options.galaxies, recipe, default_workers())
        out = Path(tempfile.mkdtemp(dir=options.work)) / survey.recipe

        # In this process, where the patch holds.
        with mock.patch.object(pipeline, "view", partial(seen_in, survey.seen)):
            run(folder, out, recipe, model=model, workers=1)
        done = Run(out)
        result = evaluate(
            done.read("catalogue"), done.read("galaxies"), Sample.open(folder).truth()
        )
        describe(survey.recipe, result)


if __name__ == "__main__":
    main()
