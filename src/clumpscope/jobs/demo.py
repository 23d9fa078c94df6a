"""The whole of clumpscope in one offline command: simulate → run → evaluate → report → draw."""

from dataclasses import dataclass
from pathlib import Path

from clumpscope.config.recipe import Recipe
from clumpscope.config.simulate import ClumpsConfig, SimulateConfig
from clumpscope.engine.local import Progress, Workers
from clumpscope.jobs.evaluate import evaluate
from clumpscope.jobs.pipeline import Summary
from clumpscope.jobs.report import report
from clumpscope.jobs.run import run
from clumpscope.jobs.sheet import sheet
from clumpscope.jobs.simulate import simulate
from clumpscope.plot import save
from clumpscope.stages.evaluate.scores import Evaluation
from clumpscope.store.atomic import new_folder
from clumpscope.store.truth import read_truth


@dataclass(frozen=True)
class Demo:
    """What a demo did, and where its parts are."""

    summary: Summary
    evaluations: dict[str, Evaluation]
    places: dict[Path, str]


def demo(out: Path, galaxies: int, seed: int, workers: Workers, progress: Progress) -> Demo:
    """Simulate ``galaxies`` into ``out/sample``, run into ``out/run``, evaluate and draw.

    ``progress`` is told of each galaxy four times: simulated, run, and twice compared.

    Raises
    ------
    StoreError
        If the folder holds anything or cannot be written.
    """
    new_folder(out)
    sample, run_folder, picture = out / "sample", out / "run", out / "contact_sheet.png"
    # Most galaxies have no clump; of a demo there shall be something to see.
    clumps = ClumpsConfig(clumpless_share=0.0, mean=8.0)
    recipe = Recipe(seed=seed, simulate=SimulateConfig(clumps=clumps))
    simulate(sample, galaxies, recipe, workers, progress)
    summary = run(sample, run_folder, recipe, workers=workers, progress=progress)
    truth = sample / "truth.parquet"
    evaluations = evaluate([run_folder], truth, recipe, workers=workers, progress=progress)
    page = report(run_folder)
    save(sheet(run_folder, recipe, truth=read_truth(truth)), picture)
    return Demo(
        summary,
        evaluations,
        {
            sample: "the simulated survey: images, host table, truth",
            run_folder / "catalogue.fits": "the clump catalogue (also .parquet)",
            run_folder / "evaluation": "completeness and purity: metrics, curves, figure",
            page: "all of it on one page, for a browser",
            picture: "the first galaxies with boxes, apertures and host outlines",
        },
    )
