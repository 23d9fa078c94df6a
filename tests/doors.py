"""Every door through which something from outside comes in."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from hypothesis import strategies as st

from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.survey import load_survey
from clumpscope.errors import FolderError
from clumpscope.jobs.catalogue import catalogue
from clumpscope.jobs.consensus import consensus
from clumpscope.jobs.evaluate import evaluate
from clumpscope.jobs.ingest import ingest, plan
from clumpscope.jobs.labels import export_labels, import_labels, select_labels, split_labels
from clumpscope.jobs.machine_marks import machine_marks
from clumpscope.jobs.measure import measure
from clumpscope.jobs.refine import refine
from clumpscope.jobs.report import report
from clumpscope.jobs.sheet import sheet
from clumpscope.jobs.show import show as draw
from clumpscope.models.header import read_header
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.output import output
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_user_table
from clumpscope.vet.deciding import Asked
from clumpscope.vet.desk import Desk
from clumpscope.vet.query import Query
from hostile import damaged, other, other_csv, other_fits, other_json, other_parquet, other_toml

RECIPE = Recipe(consensus=ConsensusConfig(tools={"0": "normal", "1": "odd"}, rounds=2))
Change = Callable[[bytes], st.SearchStrategy[bytes]]


@dataclass(frozen=True)
class Door:
    """One kind of file from outside.

    Attributes
    ----------
    file
        The file that is changed, in the folder of good files.
    change
        From its good content to ever other bad one.
    use
        What is done with it, in a folder of good and bad files; results go to ``out`` there.
    """

    file: str
    change: Change
    use: Callable[[Path], object]


def read_images(folder: Path) -> None:
    """Read all images of the small sample, and their grids."""
    sample = Sample.open(folder / "small")
    for index in range(len(sample)):
        sample.grid(index, RECIPE.sample)
        sample.read(index, RECIPE.sample)


def read_sample(folder: Path) -> None:
    """Read all tables of the small sample."""
    sample = Sample.open(folder / "small")
    sample.fingerprint()
    sample.labels()


def imported(form: str, name: str) -> Callable[[Path], None]:
    """Import labels of a format, and write them in all others."""

    def use(folder: Path) -> None:
        out = folder / "out"
        out.mkdir()
        import_labels(folder / name, out / "labels.parquet", form, RECIPE, folder / "small")
        for place in ("yolo", "ds9", "coco.json", "authors.csv", "csv.csv"):
            to, _, _ = place.partition(".")
            export_labels(out / "labels.parquet", out / place, to, RECIPE, folder / "small")

    return use


def taken_in(name: str) -> Callable[[Path], None]:
    """A sample of own files, cut where a list says if there is one."""

    def use(folder: Path) -> None:
        place = folder / name
        targets = place / "targets.csv"
        made = plan([place], RECIPE, targets if targets.exists() else None)
        made.files.plan()
        ingest(made, folder / "out", RECIPE)

    return use


def listed(folder: Path, name: str) -> None:
    """Read a list as targets, and measure there."""
    make_targets(read_user_table(folder / name), folder / name)


def measured(name: str) -> Callable[[Path], object]:
    """Measure at a user's positions."""
    return lambda folder: measure(
        folder / "small", folder / name, folder / "out" / "m.parquet", RECIPE
    )


def with_state(folder: Path) -> None:
    """Consensus after an earlier one."""
    consensus(
        folder / "export.csv",
        folder / "out",
        RECIPE,
        state=folder / "known" / "state.parquet",
    )


def run_again(folder: Path) -> None:
    """All that is done with a finished run."""
    run = folder / "run"
    recipe = Run(run).recipe()
    Run(run).threshold()
    catalogue(run, recipe)
    refine(run, recipe)


def looked_at(folder: Path) -> None:
    """Pictures and scores of a finished run."""
    sheet(folder / "run", RECIPE)
    draw(folder / "run", "sim000001", RECIPE)


def scored(folder: Path) -> None:
    """Scores of a finished run."""
    report(folder / "run")
    evaluate([folder / "run"], folder / "truth.parquet", RECIPE, baselines=())


def vetted(folder: Path) -> None:
    """The page over a finished run, as it begins, and a decision."""
    desk = Desk(folder / "run")
    try:
        desk.session("ann")
        rows = desk.galaxies(Query(), "ann")["rows"]
        for row in rows[:2]:
            desk.galaxy(row["id"], "ann", Query())
            desk.deciding.decide("ann", Asked(row["id"], "skip", str(uuid4()), value=True))
        desk.deciding.changes(0, "ann")
        desk.document()
    finally:
        desk.close()


def marked(folder: Path) -> None:
    """Marks that volunteers begin with."""
    machine_marks(folder / "subjects.csv", folder / "out" / "marks.csv", RECIPE)


def divided(folder: Path) -> None:
    """The published cuts and groups."""
    select_labels(folder / "labels.parquet", folder / "out" / "chosen", RECIPE)
    split_labels(folder / "labels.parquet", folder / "out" / "groups.parquet", RECIPE)


def resumed(folder: Path) -> None:
    """Go on in a folder."""
    with output(folder / "begun", {"recipe": "r"}, resume=True) as place:
        if place.finished:
            raise FolderError("finished: no command has been here")


def spec_changed(good: bytes) -> st.SearchStrategy[bytes]:
    """A model whose spec, or header, says something else."""
    length = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + length])
    spec = json.loads(header["__metadata__"]["clumpscope"])

    def whole(text: bytes) -> bytes:
        return len(text).to_bytes(8, "little") + text + good[8 + length :]

    def of_spec(new: object) -> bytes:
        text = json.dumps(new, ensure_ascii=True)
        return whole(json.dumps({**header, "__metadata__": {"clumpscope": text}}).encode())

    return (
        other(spec).map(of_spec)
        | other_json(json.dumps(header).encode()).map(whole)
        | damaged(good[: 8 + length]).map(lambda start: start + good[8 + length :])
    )


def rows_changed(good: bytes) -> st.SearchStrategy[bytes]:
    """An export with JSON cells that say something else."""
    import csv

    rows = list(csv.DictReader(io.StringIO(good.decode())))

    @st.composite
    def changed(draw: Callable[[st.SearchStrategy], object]) -> bytes:
        made = [dict(row) for row in rows]
        for _ in range(draw(st.integers(1, 3))):
            row = draw(st.sampled_from(made))
            name = draw(st.sampled_from(["metadata", "annotations", "subject_data"]))
            try:
                cell = json.loads(row[name])
            except ValueError:  # changed before
                continue
            row[name] = json.dumps(draw(other(cell)), ensure_ascii=False)
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(made)
        return text.getvalue().encode("utf-8", "surrogatepass")

    return changed() | other_csv(good)


DOORS: Mapping[str, Door] = {
    "image": Door("small/images/b2.fits", other_fits, read_images),
    "picture": Door("small/images/p4.png", damaged, read_images),
    "hosts": Door("small/hosts.parquet", other_parquet, read_sample),
    "labels": Door("small/labels.parquet", other_parquet, read_sample),
    "recipe": Door("recipe.toml", other_toml, lambda folder: load_recipe(folder / "recipe.toml")),
    "survey": Door("own.toml", other_toml, lambda folder: load_survey(str(folder / "own.toml"))),
    "own image": Door("own/NGC4321_g.fits", other_fits, taken_in("own")),
    "own variance": Door("own/NGC4321_g_var.fits", other_fits, taken_in("own")),
    "own mask": Door("own/NGC4321_g_mask.fits", other_fits, taken_in("own")),
    "own PSF": Door("own/NGC4321_g_psf.fits", other_fits, taken_in("own")),
    "own cube": Door("cube/NGC4321.fits", other_fits, taken_in("cube")),
    "own packed planes": Door("rubin/deep_coadd_NGC4321_g.fits.fz", damaged, taken_in("rubin")),
    "own list": Door("own/targets.csv", other_csv, taken_in("own")),
    "targets": Door("list.csv", other_csv, lambda folder: listed(folder, "list.csv")),
    "targets.fits": Door("list.fits", other_fits, lambda folder: listed(folder, "list.fits")),
    "targets.vot": Door("list.vot", damaged, lambda folder: listed(folder, "list.vot")),
    "targets.ecsv": Door("list.ecsv", other_csv, lambda folder: listed(folder, "list.ecsv")),
    "positions": Door("positions.csv", other_csv, measured("positions.csv")),
    "positions.parquet": Door("positions.parquet", other_parquet, measured("positions.parquet")),
    "export": Door(
        "export.csv",
        rows_changed,
        lambda folder: consensus(folder / "export.csv", folder / "out", RECIPE),
    ),
    "state": Door("known/state.parquet", other_parquet, with_state),
    "coco": Door("coco.json", other_json, imported("coco", "coco.json")),
    "vet": Door("vet.json", other_json, imported("vet", "vet.json")),
    "decisions": Door("decided/vet.sqlite", damaged, imported("vet", "decided/vet.sqlite")),
    "catalogue to vet": Door("run/catalogue.parquet", other_parquet, vetted),
    "positions to vet": Door("run/positions.parquet", other_parquet, vetted),
    "decisions to go on with": Door("run/vet.sqlite", damaged, vetted),
    "subjects": Door("subjects.csv", other_csv, marked),
    "yolo": Door("yolo/b2.txt", lambda good: other_csv(good, " "), imported("yolo", "yolo")),
    "ds9": Door("ds9/b2.reg", damaged, imported("ds9", "ds9")),
    "authors": Door("authors.csv", other_csv, imported("authors", "authors.csv")),
    "adams": Door("adams.csv", other_csv, imported("adams", "adams.csv")),
    "csv": Door("own.csv", other_csv, imported("csv", "own.csv")),
    "cuts": Door("labels.parquet", other_parquet, divided),
    "model": Door(
        "model.safetensors", spec_changed, lambda folder: read_header(folder / "model.safetensors")
    ),
    "manifest": Door("run/manifest.json", other_json, run_again),
    "positions of a run": Door("run/positions.parquet", other_parquet, looked_at),
    "detections of a run": Door("run/detections.parquet", other_parquet, run_again),
    "galaxies of a run": Door("run/galaxies.parquet", other_parquet, scored),
    "photometry of a run": Door("run/photometry.parquet", other_parquet, run_again),
    "catalogue of a run": Door("run/catalogue.parquet", other_parquet, scored),
    "failures of a run": Door("run/failures.parquet", other_parquet, run_again),
    "truth": Door("truth.parquet", other_parquet, scored),
    "key": Door("begun/.unfinished/key.json", other_json, resumed),
    "manifest of a begun folder": Door("begun/manifest.json", other_json, resumed),
}
