"""What own files say, or do not say, of themselves: units, noise, masks, PSFs."""

import numpy as np
import pytest
from astropy.io import fits

from clumpscope.config.ingest import IngestConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.galaxy import MaskBit
from clumpscope.errors import ClumpscopeError
from clumpscope.jobs.ingest import ingest, plan
from clumpscope.store.sample import Sample
from foreign import FWHM_ARCSEC, LAYOUTS, NAME, NOISE, Scene, image, write
from ingesting import ingested, recipe_of, strip, understood


@pytest.mark.parametrize("name", [name for name, one in LAYOUTS.items() if one.unit_card])
def test_without_the_card_that_says_the_unit_it_is_refused_by_name(name, tmp_path):
    layout = LAYOUTS[name]
    layout.build(tmp_path, Scene())
    strip(tmp_path, layout.unit_card)
    recipe = recipe_of(layout)
    made = plan([tmp_path], recipe)
    with pytest.raises(ClumpscopeError, match=r"(?i)unit|zero point|exptime|seconds"):
        ingest(made, tmp_path / "sample", recipe)


def test_a_profile_supplies_what_headers_never_say(tmp_path):
    """HSC's zero point is documented: without FLUXMAG0 it is taken, and told."""
    hsc = LAYOUTS["hsc"]
    hsc.build(tmp_path / "files", Scene())
    strip(tmp_path / "files", "FLUXMAG0")
    recipe = recipe_of(hsc)
    ingest(plan([tmp_path / "files"], recipe), tmp_path / "sample", recipe)
    rows = understood(tmp_path / "sample")
    assert [row["unit"] for row in rows] == ["unit = count, zero point 27 (of the survey)"] * 3


def test_noise_mask_and_psf_are_theirs(tmp_path):
    sample = ingested(tmp_path, LAYOUTS["hsc"])
    galaxy = sample.read(0)
    for plane in galaxy.bands.values():
        assert plane.variance[20, 20] == pytest.approx(NOISE**2, rel=1e-4)
        assert plane.mask[5, 5] & MaskBit.SATURATED
        assert plane.mask[3, 3] & MaskBit.NO_DATA
        assert not plane.mask[50, 50]  # DETECTED is no defect
        assert plane.psf_fwhm_arcsec == pytest.approx(FWHM_ARCSEC, rel=1e-3)
        assert not plane.psf_assumed
        assert not plane.noise_assumed


def test_bits_of_a_shared_mask_are_of_their_band(tmp_path):
    galaxy = ingested(tmp_path, LAYOUTS["legacy"]).read(0)
    for band, (saturated, whole) in {"g": (3, 5), "r": (5, 3)}.items():
        assert galaxy[band].mask[saturated, saturated] & MaskBit.SATURATED
        assert not galaxy[band].mask[whole, whole]
        assert not galaxy[band].noise_assumed


def test_where_there_are_no_data_the_image_is_zero_whatever_the_sky(tmp_path):
    LAYOUTS["hsc"].build(tmp_path / "files", Scene(sky=40.0))
    recipe = Recipe(ingest=IngestConfig(sky="subtract"))
    ingest(plan([tmp_path / "files"], recipe), tmp_path / "sample", recipe)
    for plane in Sample.open(tmp_path / "sample").read(0).bands.values():
        lost = (plane.mask & MaskBit.NO_DATA) > 0
        assert lost[3, 3]
        assert not plane.data[lost].any()
        assert abs(np.median(plane.data[~lost])) < 5 * NOISE


def test_a_survey_s_zero_point_settles_no_contradiction_in_a_header(tmp_path):
    LAYOUTS["hsc"].build(tmp_path, Scene())
    for path in tmp_path.rglob("*.fits"):
        with fits.open(path, mode="update") as hdus:
            hdus[0].header["MAGZERO"] = 25.0  # FLUXMAG0 means 27
    with pytest.raises(ClumpscopeError, match=r"zero points: expected one, got .*25.*27"):
        ingest(plan([tmp_path], Recipe()), tmp_path / "sample", Recipe())


def test_a_survey_of_counts_may_be_told_another_unit(tmp_path):
    """Rubin's later coadds are in nJy, of which the profile's zero point of counts says nothing."""
    data = Scene().data("g") * 3631  # nJy
    path = tmp_path / "files" / f"{NAME}_g.fits"
    write(path, image(data, Scene().header("g", FILTER="g_01")))
    recipe = Recipe(ingest=IngestConfig(survey="lsst", unit="nJy"))
    ingest(plan([path.parent], recipe), tmp_path / "sample", recipe)
    plane = Sample.open(tmp_path / "sample").read(0)["g"]
    assert plane.data.max() == pytest.approx(Scene().data("g").max(), rel=1e-4)


def test_the_asinh_scale_of_an_image_is_not_the_next_one_s(tmp_path):
    """Each HDU of two bands says how itself is stored; BOFFSET of the first is not the second's."""
    scene, scale = Scene(), {"BOFFSET": 1.0, "BSOFTEN": 2.0, "EXPTIME": 1.0, "EXTNAME": "g"}
    cards = {"BUNIT": "nanomaggy"}
    first = fits.PrimaryHDU(scene.data("g").astype(np.float32), scene.header("g", **scale))
    second = image(scene.data("r"), scene.header("r", **cards), "r")
    (tmp_path / "files").mkdir()
    fits.HDUList([first, second]).writeto(tmp_path / "files" / f"{NAME}.fits")
    ingest(plan([tmp_path / "files"], Recipe()), tmp_path / "sample", Recipe())
    plane = Sample.open(tmp_path / "sample").read(0)["r"]
    assert plane.data.max() == pytest.approx(scene.data("r").max(), rel=1e-4)


def test_a_width_is_understood_by_the_comment_beside_it(tmp_path):
    LAYOUTS["one_file_a_band"].build(tmp_path / "files", Scene())
    strip(tmp_path / "files", "PSFFWHM")
    for path in (tmp_path / "files").rglob("*.fits"):
        with fits.open(path, mode="update") as hdus:
            hdus[0].header["SEEING"] = (1.3, "[arcsec] FWHM of stars")
    ingest(plan([tmp_path / "files"], Recipe()), tmp_path / "sample", Recipe())
    plane = Sample.open(tmp_path / "sample").read(0)["r"]
    assert plane.psf_fwhm_arcsec == pytest.approx(1.3, rel=0.01)


def test_without_noise_it_is_estimated_and_marked(tmp_path):
    galaxy = ingested(tmp_path, LAYOUTS["one_file_a_band"]).read(0)
    for plane in galaxy.bands.values():
        assert plane.noise_assumed
        assert np.sqrt(np.median(plane.variance)) == pytest.approx(NOISE, rel=0.2)


def test_without_a_width_the_psf_is_assumed_and_marked(tmp_path):
    LAYOUTS["one_file_a_band"].build(tmp_path / "files", Scene())
    strip(tmp_path / "files", "PSFFWHM")
    recipe = Recipe(ingest=IngestConfig(psf_fwhm_arcsec=1.7))
    ingest(plan([tmp_path / "files"], recipe), tmp_path / "sample", recipe)
    plane = Sample.open(tmp_path / "sample").read(0)["r"]
    assert plane.psf_assumed
    assert plane.psf_fwhm_arcsec == pytest.approx(1.7, rel=0.01)
