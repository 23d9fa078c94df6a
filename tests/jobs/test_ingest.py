"""Own files, as many archives serve them, to a sample: fluxes and positions come out right."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from clumpscope.config.ingest import IngestConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import native_to_sky
from clumpscope.errors import ClumpscopeError
from clumpscope.jobs.ingest import ingest, plan
from clumpscope.jobs.measure import measure
from clumpscope.ops.psf import adaptive_moments
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet
from foreign import LAYOUTS, NAME, Scene, nanomaggies, sky_of_stars


def recipe_of(layout):
    return Recipe(ingest=IngestConfig(**layout.options))


def ingested(tmp_path, layout, scene=None):
    layout.build(tmp_path / "files", scene or Scene())
    recipe = recipe_of(layout)
    failures = ingest(plan([tmp_path / "files"], recipe), tmp_path / "sample", recipe)
    assert len(failures) == 0, failures["error"][0]
    return Sample.open(tmp_path / "sample")


@pytest.mark.parametrize("kind", LAYOUTS)
def test_magnitudes_and_positions_come_out_right(kind, tmp_path):
    layout = LAYOUTS[kind]
    sample = ingested(tmp_path, layout)
    (name,) = sample.ids
    assert NAME in name
    galaxy = sample.read(0)
    assert tuple(galaxy.bands) == layout.names
    sky = sky_of_stars()
    positions = Table({"galaxy_id": [name] * len(sky), "ra": sky[:, 0], "dec": sky[:, 1]})
    write_parquet(positions, tmp_path / "positions.parquet")
    recipe = Recipe.model_validate({"measure": {"bands": layout.names}})
    measure(tmp_path / "sample", tmp_path / "positions.parquet", tmp_path / "out.parquet", recipe)
    measured = read_parquet(tmp_path / "out.parquet")
    for band in layout.names:
        flux = np.asarray(measured[f"clump_flux_{band}"])
        assert flux == pytest.approx(nanomaggies(band), rel=0.01), band
        plane = galaxy[band]
        for ra, dec in sky:
            _, x, y, _ = adaptive_moments(plane.data, tuple(galaxy.wcs.all_world2pix(ra, dec, 0)))
            off = (native_to_sky([x, y], galaxy.wcs)[0] - (ra, dec)) * 3600
            assert np.hypot(off[0] * np.cos(np.deg2rad(dec)), off[1]) < 0.03


@pytest.mark.parametrize("name", [name for name, one in LAYOUTS.items() if one.unit_card])
def test_without_the_card_that_says_the_unit_it_is_refused_by_name(name, tmp_path):
    layout = LAYOUTS[name]
    layout.build(tmp_path, Scene())
    for path in tmp_path.rglob("*.fi*"):
        with fits.open(path, mode="update") as hdus:
            for hdu in hdus:
                hdu.header.remove(layout.unit_card, ignore_missing=True)
    recipe = recipe_of(layout)
    made = plan([tmp_path], recipe)
    with pytest.raises(ClumpscopeError, match=r"(?i)unit|zero point|exptime|seconds"):
        ingest(made, tmp_path / "sample", recipe)
