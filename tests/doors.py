"""Every door through which something from outside comes in, with a good file for each."""

import io
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
from astropy.table import Table
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import load as load_tensors

import foreign
import labelled
from builders import DEC, RA
from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.show import show
from clumpscope.config.survey import load_survey
from clumpscope.errors import FolderError
from clumpscope.jobs.catalogue import catalogue
from clumpscope.jobs.consensus import consensus
from clumpscope.jobs.evaluate import evaluate
from clumpscope.jobs.ingest import ingest, plan
from clumpscope.jobs.labels import export_labels, import_labels, select_labels, split_labels
from clumpscope.jobs.measure import measure
from clumpscope.jobs.refine import refine
from clumpscope.jobs.report import report
from clumpscope.jobs.sheet import sheet
from clumpscope.jobs.show import show as draw
from clumpscope.models.header import read_header
from clumpscope.models.registry import find_model
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.decisions import FILE
from clumpscope.store.output import output
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_user_table, write_parquet
from clumpscope.vet.desk import Asked, Desk
from clumpscope.vet.query import Query
from hostile import (
    damaged,
    other,
    other_csv,
    other_fits,
    other_json,
    other_parquet,
    other_toml,
)

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
            desk.decide("ann", Asked(row["id"], "skip", str(uuid4()), value=True))
        desk.changes(0, "ann")
        desk.document()
    finally:
        desk.close()


def decided(folder: Path) -> None:
    """Accept a few boxes of the run, and take the decisions out of it."""
    desk = Desk(folder / "run")
    for row in desk.galaxies(Query(), "ann")["rows"][:3]:
        for box in desk.galaxy(row["id"], "ann", Query())["boxes"]:
            if box["source"] == "model":
                asked = Asked(row["id"], "accept", str(uuid4()), box["key"])
                desk.decide("ann", asked)
    desk.close()
    (folder / "decided").mkdir()
    shutil.copy(folder / "run" / FILE, folder / "decided" / FILE)


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


OWN_SURVEY = """\
about = "mine"
files = ["{id}_{band}_{plane}"]
zero_point = 24.6
bands = {g = ["g#844"], r = ["Rc162"]}
[mask_bits]
SAT = 3
[depth_mag]
g = 22.0
"""

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


def own_files(folder: Path) -> None:
    """Small files of surveys, in several layouts."""
    scene = foreign.Scene()
    foreign.one_file_a_band(folder / "own", scene)
    header = scene.header("g", BUNIT="nanomaggy")
    planes = {"var": scene.variance("g"), "psf": foreign.psf_image()}
    for kind, plane in planes.items():
        foreign.write(folder / "own" / f"NGC4321_g_{kind}.fits", foreign.image(plane, header))
    mask = foreign.image(0 * scene.variance("g"), header, dtype="i2")
    foreign.write(folder / "own" / "NGC4321_g_mask.fits", mask)
    place = Table({"galaxy_id": ["NGC4321", "other"], "ra": [RA, RA], "dec": [DEC, DEC]})
    place.write(folder / "own" / "targets.csv")
    foreign.cube(folder / "cube", scene)
    foreign.rubin(folder / "rubin", scene)


def good_files(folder: Path, sample: Path, run: Path, export: Path) -> None:
    """Write a good file for each door.

    Parameters
    ----------
    sample, run, export
        A sample with truth, a run on it, and volunteers' marks of it (CSV).
    """
    labelled.sample(folder / "small")
    Image.linear_gradient("L").resize((40, 30)).save(folder / "small" / "images" / "p4.png")
    shutil.copy(folder / "small" / "labels.parquet", folder / "labels.parquet")
    (folder / "recipe.toml").write_text(show(Recipe()))
    (folder / "own.toml").write_text(OWN_SURVEY)
    own_files(folder)
    ids = list(labelled.SHAPES)
    places = Table({"galaxy_id": ids, "ra": [10.0, 20.0, 30.0], "dec": [0.0, 1.0, 2.0]})
    places.write(folder / "list.csv")
    places.write(folder / "list.fits")
    places.write(folder / "list.vot", format="votable")
    places.write(folder / "list.ecsv")
    lines = [f"{name},{xy[0]},{xy[1]}" for name, all_xy in labelled.CLUMPS.items() for xy in all_xy]
    (folder / "positions.csv").write_text("\n".join(["galaxy_id,x,y", *lines]))
    write_parquet(read_user_table(folder / "positions.csv"), folder / "positions.parquet")
    shutil.copy(export, folder / "export.csv")
    consensus(export, folder / "known", RECIPE)
    for form, name in (
        *(("coco", "coco.json"), ("yolo", "yolo"), ("ds9", "ds9"), ("vet", "vet.json")),
        *(("authors", "authors.csv"), ("adams", "adams.csv"), ("csv", "own.csv")),
    ):
        export_labels(folder / "labels.parquet", folder / name, form, RECIPE, folder / "small")
    shutil.copy(find_model(None), folder / "model.safetensors")
    shutil.copytree(run, folder / "run")
    decided(folder)
    shutil.copy(sample / "truth.parquet", folder / "truth.parquet")
    with output(folder / "begun", {"recipe": "r"}, resume=False):
        pass
    (folder / "begun" / "manifest.json").write_text((run / "manifest.json").read_text())
    assert load_tensors((folder / "model.safetensors").read_bytes())
    assert pq.read_table(folder / "labels.parquet").num_rows
