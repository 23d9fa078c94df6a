"""A good file for each door."""

import json
import shutil
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
from astropy.table import Table
from PIL import Image
from safetensors.numpy import load as load_tensors

import foreign
import labelled
from builders import DEC, RA
from clumpscope.config.recipe import Recipe
from clumpscope.config.show import show
from clumpscope.jobs.consensus import consensus
from clumpscope.jobs.labels import export_labels
from clumpscope.models.registry import find_model
from clumpscope.store.decisions import FILE
from clumpscope.store.output import output
from clumpscope.store.tables import read_user_table, write_parquet
from clumpscope.vet.deciding import Asked
from clumpscope.vet.desk import Desk
from clumpscope.vet.query import Query
from doors import RECIPE


def decided(folder: Path) -> None:
    """Accept a few boxes of the run, and take the decisions out of it."""
    desk = Desk(folder / "run")
    for row in desk.galaxies(Query(), "ann")["rows"][:3]:
        for box in desk.galaxy(row["id"], "ann", Query())["boxes"]:
            if box["source"] == "model":
                asked = Asked(row["id"], "accept", str(uuid4()), box["key"])
                desk.deciding.decide("ann", asked)
    desk.close()
    (folder / "decided").mkdir()
    shutil.copy(folder / "run" / FILE, folder / "decided" / FILE)


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
    about = json.dumps({"#boxes": "[[1,2,9,8,1],[20,4,30,12,2]]", "#boxes_are": "editable"})
    subjects = Table({"subject_id": [90001, 90002], "metadata": [about, about]})
    subjects.write(folder / "subjects.csv")
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
