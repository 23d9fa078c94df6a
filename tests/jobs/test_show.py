"""What is shown of one galaxy of a run, against the files."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from astropy.io import fits
from PIL import Image

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import MeasureConfig
from clumpscope.core.records import FAILURES, record_table
from clumpscope.errors import ImageError, StoreError, TableError
from clumpscope.jobs import show as module
from clumpscope.jobs.show import show
from clumpscope.plot import Portrait
from clumpscope.store.manifest import RunManifest
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet

CORNERS = ("x1", "y1", "x2", "y2")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Portrait]:
    """What would be drawn, instead of a figure."""
    portraits: list[Portrait] = []
    monkeypatch.setattr(module, "portrait", portraits.append)
    return portraits


@pytest.fixture
def copied(oblong: Path, oblong_run: Path, tmp_path: Path) -> Path:
    """A run to change, of a sample to change: ``run`` and ``sample`` of the folder."""
    shutil.copytree(oblong, tmp_path / "sample")
    shutil.copytree(oblong_run, tmp_path / "run")
    manifest = RunManifest.read(tmp_path / "run")
    manifest.inputs["sample"] = str(tmp_path / "sample")
    manifest.write(tmp_path / "run")
    return tmp_path


@pytest.mark.parametrize("galaxy_id", ["sim000004", "sim000005"])
def test_everything_of_that_galaxy(oblong: Path, oblong_run: Path, drawn, galaxy_id: str) -> None:
    """One is wide, the other tall; boxes are in pixels, whose first has its centre at 0."""
    show(oblong_run, galaxy_id)
    (shown,) = drawn
    card = fits.getheader(oblong / "images" / f"{galaxy_id}.fits", "r")
    assert shown.image.galaxy_id == galaxy_id
    assert shown.rgb.shape == (card["NAXIS2"], card["NAXIS1"], 3)
    assert shown.outline.shape == (card["NAXIS2"], card["NAXIS1"])
    assert shown.outline.any()
    detections = read_parquet(oblong_run / "detections.parquet")
    boxes = detections[detections["galaxy_id"] == galaxy_id]
    size = [card["NAXIS1"], card["NAXIS2"]] * 2
    for k, name in enumerate(CORNERS):
        assert shown.boxes.xyxy[:, k] == pytest.approx(boxes[name] * size[k] - 0.5)
    assert shown.boxes.scores.tolist() == boxes["score"].tolist()
    assert shown.boxes.labels.tolist() == boxes["label"].tolist()
    assert shown.threshold == Run(oblong_run).threshold()
    catalogue = read_parquet(oblong_run / "catalogue.parquet")
    mine = catalogue[catalogue["galaxy_id"] == galaxy_id]
    assert list(shown.clumps["clump_score"]) == list(mine["clump_score"])
    assert "clump_mag_g" in shown.clumps.colnames
    assert shown.aperture_fwhm == 1.125
    hosts = read_parquet(oblong / "hosts.parquet")
    redshift = hosts["redshift"][hosts["galaxy_id"] == galaxy_id][0]
    assert shown.redshift == redshift
    scale = FlatLambdaCDM(70, 0.3).kpc_proper_per_arcmin(redshift).value / 60
    assert shown.kpc_per_arcsec == pytest.approx(scale, rel=1e-6)
    assert shown.failure == ""
    show(oblong_run, galaxy_id, Recipe(measure=MeasureConfig(aperture_fwhm=2)))
    assert drawn[-1].aperture_fwhm == 2


def test_a_galaxy_that_failed_tells_why(copied: Path, drawn) -> None:
    rows = {"galaxy_id": ["sim000002", "sim000003"], "stage": ["measure", "read"]}
    rows["error"] = ["no band u", "gone"]
    Run(copied / "run").write("failures", record_table(FAILURES, rows))
    show(copied / "run", "sim000002")
    assert drawn[0].failure == "measure: no band u"
    Sample.open(copied / "sample").paths[2].unlink()
    with pytest.raises(StoreError, match="sim000003 failed, so there is no picture: read: gone"):
        show(copied / "run", "sim000003")
    Sample.open(copied / "sample").paths[3].unlink()
    with pytest.raises(ImageError, match=r"sim000004\.fits: no such file"):
        show(copied / "run", "sim000004")
    with pytest.raises(TableError, match="sim00004"):
        show(copied / "run", "sim00004")


def test_a_bare_picture_is_shown_as_it_is(copied: Path, drawn) -> None:
    path = Sample.open(copied / "sample").paths[0]
    path.unlink()
    pixels = np.random.default_rng(0).integers(0, 256, (20, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path.with_suffix(".png"))
    show(copied / "run", path.stem)
    assert np.rint(255 * drawn[0].rgb).astype(np.uint8).tolist() == pixels.tolist()
    assert drawn[0].outline.shape == (20, 40)
    assert not drawn[0].outline.any()
