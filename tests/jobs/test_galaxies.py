"""What a training sees of a sample's galaxies."""

from pathlib import Path

import numpy as np

import scenes
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import DetectConfig
from clumpscope.core.boxes import Boxes
from clumpscope.jobs.galaxies import seen
from clumpscope.models.spec import DetectorSpec, Native
from clumpscope.models.view import view
from clumpscope.store.images import write_galaxy
from clumpscope.store.sample import Sample

SPEC = DetectorSpec(name="n", architecture=Native())


def test_a_training_sees_what_a_search_by_its_recipe_sees(tmp_path: Path) -> None:
    fine = scenes.make_wcs((100, 100), scenes.PIXSCALE / 2)
    image = scenes.galaxy("fine", xy=[[45, 60]], fwhm_arcsec=scenes.PIXSCALE, wcs=fine)
    (tmp_path / "images").mkdir()
    write_galaxy(tmp_path / "images" / "fine.fits", image)
    sample = Sample.open(tmp_path)
    shown = {}
    for as_sdss in (False, True):
        recipe = Recipe(detect=DetectConfig(as_sdss=as_sdss))
        (found,) = seen(recipe, SPEC, (sample, [Boxes.empty()]))
        assert found is not None
        shown[as_sdss] = found.pixels
        wanted = view(sample.read_starred(0, recipe.sample, recipe.limits), SPEC, recipe.detect)
        assert np.array_equal(found.pixels, np.rint(255 * wanted.pixels))
    assert not np.array_equal(shown[False], shown[True])
