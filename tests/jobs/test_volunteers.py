"""Simulated volunteers on images that are not square: what they see, mark and are said to."""

import csv
import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.schema import plain
from clumpscope.errors import StoreError
from clumpscope.jobs.volunteers import volunteers
from clumpscope.store.panoptes import read_export
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet

TOOLS = {"0": "normal", "1": "odd", "2": "bulge"}
LOOKS = 12
RECIPE = Recipe(seed=11)


@pytest.fixture(scope="module")
def marked(oblong: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`oblong` marked by one process, in ``one``, and by two."""
    folder = tmp_path_factory.mktemp("marked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clumpscope.jobs.volunteers.SHARD", 3)
        patch.setattr("clumpscope.jobs.volunteers.IMAGES_EACH", 2.0)
        for name, workers in (("one", 1), ("two", 2)):
            (folder / name).mkdir()
            for part in ("hosts.parquet", "truth.parquet", "images"):
                (folder / name / part).symlink_to(oblong / part)
            told: list[int] = []
            made = volunteers(folder / name, LOOKS, RECIPE, workers, told.append)
            assert (made, told) == (8 * LOOKS, [3, 3, 2])
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    with gzip.open(folder / "classifications.csv.gz", "rt", newline="") as stream:
        return list(csv.DictReader(stream))


def test_worker_count_does_not_matter(marked: Path) -> None:
    for name in ("classifications.csv.gz", "volunteers.parquet"):
        assert (marked / "one" / name).read_bytes() == (marked / "two" / name).read_bytes()


def test_every_galaxy_is_a_subject_of_its_own_size(oblong: Path, marked: Path) -> None:
    """The longer side has 400 px; a mark's box is two PSF-FWHM wide."""
    ids = Sample.open(oblong).ids
    rows = rows_of(marked / "one")
    subjects = [int(row["subject_ids"]) for row in rows]
    assert subjects == sorted(subjects)
    assert np.bincount(subjects).tolist() == [0] + [LOOKS] * 8
    wide = 0
    for row in rows:
        galaxy_id = ids[int(row["subject_ids"]) - 1]
        about = json.loads(row["subject_data"])[row["subject_ids"]]
        assert about["galaxy_id"] == galaxy_id
        card = fits.getheader(oblong / "images" / f"{galaxy_id}.fits", "r")
        scale = 400 / max(card["NAXIS1"], card["NAXIS2"])
        side = 2 * card["PSFFWHM"] / 0.396 * scale
        assert about["box_side_px"] == pytest.approx(side, rel=1e-3)
        size = json.loads(row["metadata"])["subject_dimensions"][0]
        assert size["naturalWidth"] == round(card["NAXIS1"] * scale)
        assert size["naturalHeight"] == round(card["NAXIS2"] * scale)
        wide += size["naturalWidth"] > size["naturalHeight"]
    assert 0 < wide < len(rows)


def test_marks_are_on_what_is_there(oblong: Path, marked: Path) -> None:
    """Most are within a PSF-FWHM of a truth or of the host's centre, in the image's pixels."""
    sample = Sample.open(oblong)
    truth = sample.truth()
    hit = []
    for row in rows_of(marked / "one"):
        index = int(row["subject_ids"]) - 1
        card = fits.getheader(sample.paths[index], "r")
        size = json.loads(row["metadata"])["subject_dimensions"][0]
        mine = truth[truth["galaxy_id"] == sample.ids[index]]
        host = [[sample.host(index, "ra"), sample.host(index, "dec")]]
        centre = WCS(card).wcs_world2pix(host, 0)
        places = np.vstack([np.column_stack([plain(mine, axis) for axis in "xy"]), centre])
        for mark in json.loads(row["annotations"])[0]["value"]:
            x = mark["x"] / size["naturalWidth"] * card["NAXIS1"] - 0.5
            y = mark["y"] / size["naturalHeight"] * card["NAXIS2"] - 0.5
            hit.append(np.hypot(*(places - [x, y]).T).min() < card["PSFFWHM"] / 0.396)
    assert len(hit) > 100
    assert np.mean(hit) > 0.7


def test_what_volunteers_did_adds_up(marked: Path) -> None:
    """The table of them, against the export; and tools against their labels."""
    people = read_parquet(marked / "one" / "volunteers.parquet")
    assert len(people) == max(3 * LOOKS, round(8 * LOOKS / 2))
    rows = rows_of(marked / "one")
    looks = dict.fromkeys(people["name"], 0)
    marks = dict.fromkeys(people["name"], 0)
    for row in rows:
        drawn = json.loads(row["annotations"])[0]["value"]
        looks[row["user_name"]] += 1
        marks[row["user_name"]] += len(drawn)
        for mark in drawn:
            named = ("Clump", "Unusual clump", "Central bulge")[mark["tool"]]
            assert mark["tool_label"] == named
    assert list(people["n_looks"]) == [looks[name] for name in people["name"]]
    assert list(people["n_marks"]) == [marks[name] for name in people["name"]]
    assert sum(looks.values()) == 8 * LOOKS


def test_the_export_can_be_read(marked: Path) -> None:
    export = read_export(marked / "one" / "classifications.csv.gz", ConsensusConfig(tools=TOOLS))
    assert (export.used, export.n_faults) == (8 * LOOKS, 0)
    assert np.bincount(export.marks.look_image).tolist() == [LOOKS] * 8
    assert set(export.marks.kind) <= {1, 2, 3}
    assert len(set(export.marks.size[:, 0])) > 3


def test_draws_depend_on_the_seed(oblong: Path, marked: Path, tmp_path: Path) -> None:
    shutil.copytree(oblong, tmp_path / "sample")
    other = RECIPE.model_copy(update={"seed": 12})
    volunteers(tmp_path / "sample", LOOKS, other, 1)
    one, two = (folder / "volunteers.parquet" for folder in (marked / "one", tmp_path / "sample"))
    assert read_parquet(one)["detection"][0] != read_parquet(two)["detection"][0]
    first, second = (rows_of(folder) for folder in (marked / "one", tmp_path / "sample"))
    assert [row["annotations"] for row in first] != [row["annotations"] for row in second]


def test_without_truth_there_is_nothing_to_mark(oblong: Path, tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "images").symlink_to(oblong / "images")
    with pytest.raises(StoreError, match=r"truth\.parquet"):
        volunteers(tmp_path / "sample", 3, Recipe(), 1)
