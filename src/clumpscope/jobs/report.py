"""`report`: a run as one HTML page that needs neither other files nor a network."""

from pathlib import Path

import numpy as np
from astropy.table import QTable

from clumpscope.core.bands import from_text
from clumpscope.core.boxes import Label
from clumpscope.core.quality import MEANINGS, quality
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.errors import ClumpscopeError, reason
from clumpscope.jobs.panels import panels
from clumpscope.plot.report import Gallery, Grid, Page, page, thumbnail
from clumpscope.plot.report.choice import choose
from clumpscope.plot.report.clumps import clump_charts, detection_charts
from clumpscope.plot.report.colours import colour_charts
from clumpscope.plot.report.evaluated import evaluated
from clumpscope.plot.report.tables import by_flag, by_quality, columns_grid, failures_grid
from clumpscope.plot.report.words import cite, facts, recipe_text
from clumpscope.store.atomic import atomic
from clumpscope.store.evaluation import EvaluationFiles, read_evaluation
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.run import Run

_FILES = ("catalogue", "detections", "galaxies", "failures", "positions", "photometry")


def report(run: Path, out: Path | None = None) -> Path:
    """Write the page of a run, by default as ``RUN/report.html``, and return its place.

    Whatever the run has is told: a page without gallery says why it has none.

    Raises
    ------
    StoreError, TableError
        If the folder is no run, one of its tables cannot be read, or the page not written.
    """
    store, path = Run(run), run / "report.html" if out is None else out
    text = page(contents(store))
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def contents(store: Run) -> Page:
    """All that the page of a run tells."""
    manifest = RunManifest.read(store.folder)
    galaxies, failures, clumps = store.read("galaxies"), store.read("failures"), store.clumps()
    detections, evaluation = store.read("detections"), read_evaluation(store.folder)
    only_boxes = not (store.folder / "positions.parquet").exists()
    label, level = plain(clumps, "clump_label_id"), quality(plain(clumps, "flags"))
    failed = int(np.sum(np.asarray(galaxies["status"]) == "failed"))
    counts = [("galaxies", len(galaxies)), ("failed", failed), ("boxes", len(detections))]
    if not only_boxes:
        counts += [
            ("galaxies with clumps", len(np.unique(plain(clumps, "galaxy_id")))),
            ("clumps", int(np.sum(label == Label.CLUMP))),
            ("odd clumps", int(np.sum(label == Label.ODD))),
        ]
    no_clumps = Gallery({}, "This run only detected: it has no clumps to mark.")
    threshold = manifest.threshold(store.folder)
    charts = clump_charts(clumps, galaxies) + colour_charts(clumps)
    return Page(
        name=store.folder.resolve().name,
        facts=facts(manifest, threshold),
        notes=_notes(store, clumps, failed == len(galaxies), only_boxes, evaluation),
        counts=counts,
        quality=by_quality(clumps) if len(clumps) else None,
        levels={what: int(np.sum(level == number)) for number, what in MEANINGS.items()},
        flags=by_flag(clumps) if len(clumps) else None,
        evaluation=evaluated(evaluation, clumps) if evaluation.there else None,
        charts=detection_charts(detections, galaxies, threshold) if only_boxes else charts,
        gallery=no_clumps if only_boxes else _gallery(store, galaxies, clumps),
        failures=failures_grid(failures) if len(failures) else None,
        columns=None if only_boxes else columns_grid(clumps),
        cite=cite(manifest, clumps, threshold),
        provenance=_provenance(store, manifest),
        recipe=recipe_text(manifest),
    )


def _notes(
    store: Run, clumps: QTable, all_failed: bool, only_boxes: bool, evaluation: EvaluationFiles
) -> list[str]:
    """What the run lacks, and what gives it."""
    notes = []
    if all_failed:
        notes.append("Every galaxy failed: see the remedies below.")
    elif only_boxes:
        notes.append("This run only detected: it has boxes, no clumps. “clumpscope run” has both.")
    elif clumps.meta.get("level") != "release":
        notes.append(
            "There is no catalogue of these positions, so nothing is told of fluxes: measure them "
            "with “clumpscope measure”, or run the sample anew."
        )
    elif not len(clumps):
        notes.append("No clump was found.")
    elif not any(
        np.isfinite(plain(clumps, f"clump_flux_{band}")).any()
        for band in from_text(clumps.meta["bands"])
    ):
        notes.append("No flux was measured: pictures have none. Positions and labels stand.")
    if not (evaluation.there or only_boxes or all_failed):
        notes.append(
            "Not compared with truth: where that is known, “clumpscope evaluate RUN --truth FILE” "
            "adds completeness and purity to this page."
        )
    try:
        ours = RunManifest.read(store.folder).created
        if evaluation.there and RunManifest.read(store.folder / "evaluation").created < ours:
            notes.append("The evaluation is older than the run: evaluate it again.")
    except ClumpscopeError:
        notes.append("Nobody says when the evaluation was made.")
    return notes


def _gallery(store: Run, galaxies: QTable, clumps: QTable) -> Gallery:
    """Some galaxies of each sort; one whose image is broken is left out."""
    chosen = choose(galaxies, clumps)
    if not chosen:
        return Gallery({}, "No galaxy was searched without failure, so there is none to show.")
    try:
        sample, recipe = store.sample(), store.recipe()
    except ClumpscopeError as error:
        return Gallery({}, f"No pictures: {reason(error)}")
    ids = [name for names in chosen.values() for name in names]
    clumps = clumps[np.isin(plain(clumps, "galaxy_id").astype(str), ids)]
    rows, none = rows_by_id(clumps), np.array([], dtype=np.intp)
    drawn = {}
    for number, panel in enumerate(panels(sample, clumps, recipe, ids, most=len(ids))):
        own = clumps[rows.get(panel.title, none)]
        level = quality(plain(own, "flags"))
        try:
            drawn[panel.title] = thumbnail(panel, level, _words(own, level), f"g{number}")
        except Exception:
            continue  # no page fails for one picture
    found = {why: [drawn[name] for name in names if name in drawn] for why, names in chosen.items()}
    found = {why: names for why, names in found.items() if names}
    return Gallery(found, "" if found else "No pictures: no image can be read any more.")


def _words(clumps: QTable, level: np.ndarray) -> str:
    """What was found in a galaxy."""
    if not len(clumps):
        return "no clumps"
    label = plain(clumps, "clump_label_id")
    parts = [
        f"{count} {name}{'s' if count != 1 else ''}"
        for name, count in (
            ("clump", int(np.sum(label == Label.CLUMP))),
            ("odd clump", int(np.sum(label == Label.ODD))),
        )
        if count
    ]
    levels = ", ".join(
        f"{int(np.sum(level == number))} of quality {number}"
        for number in MEANINGS
        if (level == number).any()
    )
    return f"{', '.join(parts)}; {levels}"


def _provenance(store: Run, manifest: RunManifest) -> list[Grid]:
    inputs = [(f"input: {name}", value) for name, value in manifest.inputs.items()]
    model = [(f"model: {name}", str(value)) for name, value in manifest.model.items()]
    rows = [("key", manifest.key), ("seed", str(manifest.seed)), *inputs, *model]
    grids = [
        Grid("What the run was made from", ("what", "value"), rows),
        Grid("Versions", ("package", "version"), list(manifest.versions.items())),
    ]
    files = [path for name in _FILES if (path := store.folder / f"{name}.parquet").is_file()]
    head = ("file", "size [kB]", "sha256")
    sizes = [(one.name, round(one.stat().st_size / 1e3), sha256_file(one)) for one in files]
    grids.append(Grid("Tables of the run", head, sizes, frozenset(head[1:2])))
    try:
        made = RunManifest.read(store.sample().folder)
    except ClumpscopeError:
        return grids
    rows = [("made by", f"clumpscope {made.command}"), ("created", made.created), ("key", made.key)]
    grids.append(Grid("The sample", ("what", "value"), rows))
    return grids
