"""`calibrate`: what a model's probabilities are worth, from a run with truth into its file."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
from astropy.table import QTable
from numpy.typing import NDArray

from clumpscope.config.limits import LimitsConfig
from clumpscope.core.bands import in_order
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import ModelError, TableError, expected_got
from clumpscope.models.calibration import Calibration, Evidence
from clumpscope.models.header import read_spec
from clumpscope.models.registry import find_model
from clumpscope.models.rewritten import with_spec
from clumpscope.models.spec import SCHEMA_VERSION, DetectorSpec
from clumpscope.ops.cost import check_boxes
from clumpscope.plot.calibrate import Drawn, reliability_diagram
from clumpscope.stages.calibrate import Candidates, Judged, Report, fit, judge
from clumpscope.stages.evaluate.cases import cases
from clumpscope.stages.evaluate.matches import matches
from clumpscope.store.atomic import atomic, new_file
from clumpscope.store.json_text import json_of
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.run import Run
from clumpscope.store.truth import read_truth

Values = NDArray[np.float64]

_SAID = ("ece", "brier", "auc")  # of the measures, those in the model file


def calibrate(
    run: Path, truth: Path, model: str, out: Path, *, survey: str | None = None, seed: int = 0
) -> tuple[Calibration, Report]:
    """Calibrate a model on a run of known truth, and write it anew with that to ``out``.

    The kind of curve is chosen on two parts of three of the galaxies and judged on the third;
    what is written is then fitted to all. ``RUN/calibration`` gets ``calibration.json`` and
    ``reliability.png``.

    Parameters
    ----------
    model
        Name or file: the one that the run was made with, or that one with other calibrations.
    survey
        Name of the conditions, by default that of the sample's folder; an earlier calibration of
        the same name gives way.

    Raises
    ------
    ModelError
        If the model cannot be read, or is not the run's.
    TableError
        If truth and run have no galaxy in common, or the candidates are too few or of one kind.
    StoreError
        If run or truth cannot be read, or something cannot be written.
    """
    new_file(out)
    manifest, path = RunManifest.read(run), find_model(model)
    spec = read_spec(path)
    found_by = same_model(manifest, path, spec)
    clumps, real = known_clumps(run, truth)
    seen = Evidence.of(clumps)
    candidates, band, known = candidates_of(clumps, seen, real)
    report = judge(candidates, seed)
    calibration = Calibration(
        survey=survey or Path(manifest.inputs.get("sample", "")).name or run.resolve().name,
        curve=fit(report.choice.kind, candidates),
        band=band,
        snr=_range(candidates.snr),
        psf_fwhm_arcsec=_range(seen.psf_fwhm_arcsec[known]),
        pixscale_arcsec=_range(seen.pixscale_arcsec[known]),
        score=float(plain(clumps, "clump_score")[known].min()),
        candidates=len(candidates),
        galaxies=len(np.unique(candidates.galaxy)),
        model_sha256=found_by,
        truth_sha256=sha256_file(truth),
    )
    _write(run / "calibration", calibration, report)
    with_spec(path, calibrated(spec, calibration, report), out)
    return calibration, report


def same_model(manifest: RunManifest, path: Path, spec: DetectorSpec) -> str:
    """Hash of the file that found a run's clumps, if that is this model, calibrated or not.

    Raises
    ------
    ModelError
        If it is another.
    """
    used, this = str(manifest.model.get("sha256", "none")), sha256_file(path)
    if used not in {this, *(one.model_sha256 for one in spec.calibrations)}:
        remedy = "--model must be the one that the run was made with"
        got = f"{manifest.model.get('file', 'none')} of sha256 {used}"
        raise ModelError(expected_got("the run's model", f"{path} of {this}", got, remedy))
    return used


def known_clumps(run: Path, truth: Path) -> tuple[QTable, NDArray[np.bool_]]:
    """A run's clumps, and whether each is a normal clump of true ratio >= 1 %.

    Raises
    ------
    StoreError, TableError
        If run or truth cannot be read, or have no galaxy in common.
    ImageError
        If a galaxy has more true clumps than allowed.
    """
    store, true = Run(run), read_truth(truth)
    for galaxy_id, rows in rows_by_id(true).items():
        check_boxes(f"{truth}: clumps of galaxy {galaxy_id}", len(rows), LimitsConfig())
    galaxies, clumps = store.read("galaxies"), store.read("catalogue")
    items = cases(clumps, galaxies, true)
    return clumps[items.found.row], matches(items).real(items)


def candidates_of(
    clumps: QTable, seen: Evidence, real: NDArray[np.bool_]
) -> tuple[Candidates, str, NDArray[np.bool_]]:
    """Those that a calibration can be fitted to, the band of their signal-to-noise, which they are.

    That is the bluest one in which at least half of the clumps were measured: clumps are blue.

    Raises
    ------
    TableError
        If there is no such band, or the candidates are too few or of one kind.
    """
    for band in in_order(seen.snr):
        known = np.isfinite(seen.p) & np.isfinite(seen.snr[band])
        if len(known) and known.mean() >= 0.5:
            ids = plain(clumps, "galaxy_id").astype(str)
            every = Candidates(ids, seen.p, seen.snr[band], real)
            return every.where(known).checked(), band, known
    raise TableError(expected_got("the run's clumps", "fluxes with errors in some band", "none"))


def calibrated(spec: DetectorSpec, calibration: Calibration, report: Report) -> DetectorSpec:
    """A spec with one calibration more, and its measures on the galaxies that were held out."""
    survey, measures = calibration.survey, report.calibrated.measures
    others = tuple(one for one in spec.calibrations if one.survey != survey)
    said = {f"{name}_{survey}"[:100]: getattr(measures, name).value for name in _SAID}
    changes = {
        "calibrations": (*others, calibration),
        "metrics": spec.metrics | said,
        "schema_version": SCHEMA_VERSION,
    }
    return spec.model_copy(update=changes)


def _range(values: Values) -> tuple[float, float]:
    return float(np.min(values)), float(np.max(values))


def _write(folder: Path, calibration: Calibration, report: Report) -> None:
    """The report as JSON and as a figure."""
    folder.mkdir(exist_ok=True)
    held_out = {"raw": report.raw, "calibrated": report.calibrated}
    content = {
        "calibration": calibration.model_dump(mode="json"),
        "choice": asdict(report.choice),
        "held_out": {name: _plain(one) for name, one in held_out.items()},
        "held_out_by_snr": {name: _plain(one) for name, one in report.thirds.items()},
    }
    with atomic(folder / "calibration.json") as temporary:
        temporary.write_text(json_of(content), encoding="utf-8")
    snr = f"S/N in {calibration.band}"
    by_snr = {f"{snr} {one.snr[0]:.1f} to {one.snr[1]:.1f}": one for one in report.thirds.values()}
    reliability_diagram(
        {name: _drawn(one) for name, one in held_out.items()},
        {name: _drawn(one) for name, one in by_snr.items()},
        folder / "reliability.png",
    )


def _drawn(one: Judged) -> Drawn:
    table = one.table
    return Drawn(
        *(table.predicted, table.observed, table.low, table.high),
        one.chance,
        f"ECE {one.measures.ece.value:.3f}",
    )


def _plain(one: Judged) -> dict[str, object]:
    """Numbers of a part, ready for JSON."""
    bins = {name: np.asarray(values).tolist() for name, values in vars(one.table).items()}
    return {"snr": list(one.snr), **asdict(one.measures), "bins": bins}
