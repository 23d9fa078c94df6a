"""How good a calibrated model's chances are on galaxies that it was not calibrated on.

    python benchmarks/bench_calibration.py MODEL RUN TRUTH [RUN TRUTH ...]

Runs may be of the model before it was calibrated. For each: calibration error, Brier score and
AUC before and after, with 68 % intervals from a bootstrap by galaxy, after also by third of
signal-to-noise, and of the candidates at the model's own threshold alone.
"""

import argparse
from pathlib import Path

import numpy as np

from clumpscope.core.schema import plain
from clumpscope.jobs.calibrate import known_clumps
from clumpscope.models.calibration import Calibration, Evidence, p_real
from clumpscope.models.header import read_spec
from clumpscope.models.registry import find_model
from clumpscope.models.spec import DetectorSpec
from clumpscope.stages.calibrate import Candidates, Measured, by_third, measure
from clumpscope.stages.calibrate.measures import Measures


def shown(value: Measured) -> str:
    """A value and its interval."""
    return f"{value.value:.4f} ({value.low:.4f}-{value.high:.4f})"


def line(name: str, one: Measures) -> str:
    """Measures on a line."""
    ece = f"{shown(one.ece)}; {one.ece_floor:.4f}"
    return (
        f"{name:28} {one.candidates:6} {one.galaxies:5}  ECE {ece}  Brier {shown(one.brier)}  "
        f"AUC {shown(one.auc)}  {one.predicted:.4f} {one.observed:.4f}"
    )


def band_of(calibrations: tuple[Calibration, ...], seen: Evidence) -> str:
    """Band of the calibration that holds for most of a run's clumps."""
    holding = [np.isfinite(one(seen)).sum() for one in calibrations]
    return calibrations[int(np.argmax(holding))].band


def judge(spec: DetectorSpec, run: Path, truth: Path) -> None:
    """Print the figures of a run."""
    clumps, real = known_clumps(run, truth)
    seen = Evidence.of(clumps)
    chance = p_real(spec.calibrations, seen)
    known = np.isfinite(chance)
    print(f"\n{run}: p_real for {known.sum()} of {len(known)} candidates")
    if not known.any():
        return
    snr = seen.snr[band_of(spec.calibrations, seen)]
    every = Candidates(plain(clumps, "galaxy_id").astype(str), seen.p, snr, real)
    chosen = plain(clumps, "clump_score") >= spec.score_threshold
    for name, keep in (("all", known), (f"score >= {spec.score_threshold}", known & chosen)):
        some = every.where(keep)
        if not len(some):
            continue
        print(line(f"{name}, raw", measure(some.p, some.real, some.galaxy)))
        print(line(f"{name}, calibrated", measure(chance[keep], some.real, some.galaxy)))
        for third, one in by_third(chance[keep], some).items():
            print(line(f"  {third} S/N, to {one.snr[1]:.1f}", one.measures))


def main() -> None:
    """Judge each run of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="name or file, calibrated")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN TRUTH")
    asked = parser.parse_args()
    if len(asked.runs) % 2:
        parser.error("a truth for each run")
    spec = read_spec(find_model(asked.model))
    for one in spec.calibrations:
        print(
            f"{one.survey}: {one.curve.name}, {one.candidates} candidates, {one.galaxies} galaxies"
        )
    for run, truth in zip(asked.runs[::2], asked.runs[1::2], strict=True):
        judge(spec, run, truth)


if __name__ == "__main__":
    main()
