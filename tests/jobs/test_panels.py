"""What a contact sheet shows of each galaxy, against the files."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import MeasureConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.schema import plain
from clumpscope.jobs.panels import panels
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet

RECIPE = Recipe(measure=MeasureConfig(aperture_fwhm=2.0))


def test_clumps_and_truths_in_pixels_of_the_image(oblong: Path, oblong_run: Path) -> None:
    sample, clumps = Sample.open(oblong), read_parquet(oblong_run / "catalogue.parquet")
    clumps["flags"][::2] |= int(ClumpFlag.MERGED)
    truth, merged = sample.truth(), int(ClumpFlag.MERGED)
    ids = list(reversed(sample.ids))
    drawn = panels(sample, clumps, RECIPE, ids, truth=truth, flag=merged)
    assert [panel.title for panel in drawn] == ids
    for panel in drawn:
        card = fits.getheader(oblong / "images" / f"{panel.title}.fits", "r")
        shape = (card["NAXIS2"], card["NAXIS1"])
        assert panel.rgb.shape == (*shape, 3)
        assert panel.outline.shape == shape
        assert panel.outline.any()
        assert panel.aperture_px == pytest.approx(2 * card["PSFFWHM"] / 0.396, rel=1e-4)
        assert panel.pixscale_arcsec == pytest.approx(0.396, rel=1e-4)
        assert not panel.downward
        mine = clumps[clumps["galaxy_id"] == panel.title]
        assert panel.label.tolist() == mine["clump_label_id"].tolist()
        for k, axis in enumerate("xy"):
            assert panel.xy[:, k].tolist() == plain(mine, f"clump_centre_px_{axis}").tolist()
        for k, name in enumerate(("x1", "y1", "x2", "y2")):
            assert panel.box[:, k].tolist() == plain(mine, f"clump_px_{name}").tolist()
        assert panel.strong.tolist() == (mine["flags"] & merged > 0).tolist()
        there = truth[truth["galaxy_id"] == panel.title]
        there = there[(plain(there, "label") == 1) & (plain(there, "flux_ratio_u") >= 0.01)]
        assert panel.truth_xy[:, 0].tolist() == plain(there, "x").tolist()
        assert panel.truth_xy[:, 1].tolist() == plain(there, "y").tolist()
    assert sum(len(panel.truth_xy) for panel in drawn) > 15
    assert any(panel.strong.any() and not panel.strong.all() for panel in drawn)


def test_unless_asked_there_is_no_truth_and_nothing_strong(oblong: Path, oblong_run: Path) -> None:
    sample, clumps = Sample.open(oblong), read_parquet(oblong_run / "positions.parquet")
    (drawn,) = panels(sample, clumps, RECIPE, sample.ids, most=1)
    assert (drawn.title, drawn.truth_xy) == ("sim000001", None)
    assert len(drawn.strong) == len(drawn.xy) > 0
    assert not drawn.strong.any()


def test_galaxies_that_cannot_be_read_make_room_for_others(
    oblong: Path, oblong_run: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(oblong, tmp_path / "sample"))
    images = folder / "images"
    (images / "sim000001.fits").write_text("no image")
    (images / "sim000003.fits").unlink()
    pixels = np.random.default_rng(0).integers(10, 20, (40, 60, 3), dtype=np.uint8)
    pixels[12:28, 20:40] += 150
    Image.fromarray(pixels).save(images / "sim000003.png")
    sample, clumps = Sample.open(folder), read_parquet(oblong_run / "positions.parquet")
    drawn = panels(sample, clumps, RECIPE, sample.ids, most=2)
    assert [panel.title for panel in drawn] == ["sim000002", "sim000003"]
    picture = drawn[1]
    assert np.rint(255 * picture.rgb).astype(np.uint8).tolist() == pixels.tolist()
    assert picture.downward
    assert picture.wcs is None
    assert picture.outline.shape == (40, 60)
    assert picture.outline[14:26, 22:38].all()
    assert not picture.outline[[0, -1]].any()
    assert not picture.outline[:, [0, -1]].any()
    assert picture.aperture_px == pytest.approx(2 * sample.host(2, "psf_fwhm_r") / 0.396, rel=1e-3)
