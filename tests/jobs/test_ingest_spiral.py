"""A real spiral of Subaru HSC, from its files to clumps on its blue knots."""

from pathlib import Path

import numpy as np
import pytest

from clumpscope.config.ingest import IngestConfig
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import DetectConfig, RefineConfig, SampleConfig
from clumpscope.core.galaxy import MaskBit
from clumpscope.core.schema import plain
from clumpscope.jobs.ingest import ingest, plan
from clumpscope.jobs.run import run
from clumpscope.ops.psf import adaptive_fwhm_px
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from places import SHARED

HSC = SHARED / "hsc"
BANDS = ("g", "r", "i", "z", "y")
# The colours of a usual star-forming disk for bands that were each divided by their mean.
ZERO_POINTS = {"g": 27.5, "r": 27.0, "i": 26.75, "z": 26.6, "y": 26.5}
# Native pixels of the file (54 x 54): the knot at the end of the southwestern arm, by eye.
KNOT = (46, 12)

pytestmark = pytest.mark.skipif(not HSC.is_dir(), reason=f"needs real HSC in {HSC}")


@pytest.fixture(scope="module")
def spiral(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("hsc") / "sample"
    recipe = Recipe(ingest=IngestConfig(survey="hsc", bands=BANDS, zero_point=ZERO_POINTS))
    ingest(plan([HSC], recipe), folder, recipe, size_arcsec=24.0)
    return Sample.open(folder)


def test_image_and_psf_of_each_band_are_paired(spiral: Sample) -> None:
    image = spiral.read(0, SampleConfig())
    assert tuple(image.bands) == BANDS
    assert image.pixscale_arcsec == pytest.approx(0.168, rel=1e-4)
    # As the file's PSF images are: not assumed, each band's own.
    widths = [plane.psf_fwhm_arcsec for plane in image.bands.values()]
    np.testing.assert_allclose(widths, [0.825, 0.747, 0.697, 0.647, 0.784], atol=0.01)
    for plane in image.bands.values():
        assert not plane.psf_assumed
        assert adaptive_fwhm_px(plane.psf) * 0.168 == pytest.approx(plane.psf_fwhm_arcsec, rel=0.01)
        assert plane.noise_assumed


def test_it_lies_in_the_middle_of_a_field_that_models_know(spiral: Sample) -> None:
    image = spiral.read(0, SampleConfig())
    side = image.shape[0]
    assert side * 0.168 == pytest.approx(24.0, abs=0.3)
    seen = image["r"].mask & MaskBit.NO_DATA == 0
    assert seen.sum() == 54 * 54
    # Each band's pixels have a mean of one: its light is their number.
    for band, plane in image.bands.items():
        light = 54 * 54 * 10 ** (0.4 * (22.5 - ZERO_POINTS[band]))
        assert plane.data[seen].sum() == pytest.approx(light, rel=1e-3)


def test_that_its_bands_are_normalised_is_told(spiral: Sample) -> None:
    said = (spiral.folder / "understood.csv").read_text()
    assert said.count("the mean of its pixels is 1") == len(BANDS)


def test_a_blue_knot_is_found_and_called_a_clump(spiral: Sample, tmp_path: Path) -> None:
    recipe = Recipe(detect=DetectConfig(as_sdss=True), refine=RefineConfig(score_threshold=0.6))
    run(spiral.folder, tmp_path / "run", recipe, workers=1)
    found = Run(tmp_path / "run").read("catalogue")
    offset = (spiral.read(0, SampleConfig()).shape[0] - 54) / 2
    xy = np.column_stack([plain(found, f"clump_centre_px_{axis}") - offset for axis in "xy"])
    apart = np.hypot(*(xy - KNOT).T)
    nearest = np.argmin(apart)
    assert apart[nearest] < 4
    assert plain(found, "clump_label_id")[nearest] == 1
    # In the middle is the nucleus, which is none.
    assert np.hypot(*(xy - 27).T).min() > 6
