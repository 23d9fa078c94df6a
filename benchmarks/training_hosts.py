"""Real hosts to inject training clumps into: the sample OUT, and its list for the model's card.

Galaxies of r < 18.5 in the shared frames, that of `bench_hosts.py` left out, on which the given
model finds nothing: a real clump without a label would teach the opposite.

    python benchmarks/training_hosts.py OUT [MODEL]
    clumpscope simulate injected --hosts OUT/real --galaxies 1000 --recipe recipes/training.toml
"""

import sys
from pathlib import Path

import numpy as np
from bench_hosts import FIELD
from reality import frame_cutouts

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import RefineConfig
from clumpscope.core.schema import plain
from clumpscope.engine.local import default_workers
from clumpscope.jobs.run import run
from clumpscope.models.registry import DEFAULT
from clumpscope.store.run import Run
from clumpscope.store.tables import write_parquet

FAINTEST = 18.5
LOWEST = 0.5  # score of what counts as found


def main(out: Path, model: str) -> None:
    """Cut, look, keep the names of the empty ones."""
    sample = frame_cutouts(out, FAINTEST)
    run(
        sample.folder,
        out / "bare",
        Recipe(refine=RefineConfig(score_threshold=LOWEST)),
        model=model,
        workers=default_workers(),
    )
    galaxies = Run(out / "bare").read("galaxies")
    empty = dict(
        zip(map(str, galaxies["galaxy_id"]), plain(galaxies, "n_clumps") == 0, strict=True)
    )
    kept = int(FIELD.split("-")[0])
    use = np.array([empty[name] and int(name.split("-")[0]) != kept for name in sample.ids])
    write_parquet(sample.hosts[use], sample.folder / "hosts.parquet")
    names = [name for name, used in zip(sample.ids, use, strict=True) if used]
    (out / "hosts.txt").write_text("\n".join(names) + "\n")
    print(f"{len(names)} of {len(sample)} hosts are empty and of other frames than {FIELD}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else DEFAULT)
