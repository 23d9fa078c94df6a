import numpy as np
import pytest

import scenes
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.ops.outline import galaxy_outline
from clumpscope.stages.measure.scene import Scene, _thinned

SHAPE = (121, 121)


def scene(xy, image=None, **config):
    image = image or scenes.galaxy(shape=SHAPE, xy=xy, flux=3.0, host_flux=100.0, bands=("r",))
    settings = MeasureConfig(bands=("r",), **config)
    outline = galaxy_outline(image, RefineConfig())
    return Scene.of(image, np.array(xy, float), settings, outline, {"r": scenes.FWHM_PX})


@pytest.mark.parametrize("count", [3000, 5000, 9000, 13000, 17000, 25000])
def test_thinning_leaves_out_no_row_and_no_column(count):
    side = int(np.sqrt(count))
    kept = _thinned(np.arange(side * side), side)
    y, x = np.divmod(kept, side)
    assert 1000 < len(kept) <= 2100
    assert len(set(x)) == len(set(y)) == side


def test_neighbours_within_the_recipe_s_reach_are_one_group():
    step = 2.0 * scenes.FWHM_PX
    xy = [[70.0, 60.0], [70.0 + step, 60.0], [50.0, 60.0]]
    assert scene(xy).blended.tolist() == [True, True, False]
    assert not scene(xy, blend_fwhm=1.9).blended.any()


def test_the_model_reaches_beyond_the_clumps_and_leaves_their_cores():
    one = scene([[72.0, 60.0]])
    assert one.modelled.all()
    x, y = one.pixels % SHAPE[1], one.pixels // SHAPE[1]
    apart = np.hypot(x - 72, y - 60)[one.basis.fitted] / scenes.FWHM_PX
    assert 0.7 < apart.min() < 1.0


def test_a_nucleus_off_the_given_centre_is_found():
    """A host 2 px beside the image's centre needs no first harmonic about its own nucleus."""
    image = scenes.galaxy(shape=SHAPE, xy=[], host_flux=0.0, bands=("r",), noise=False)
    light = np.roll(scenes.disk(SHAPE, 100.0, 6.0), 2, axis=1)
    light += scenes.point_sources(SHAPE, [[62.0, 60.0]], 20.0, scenes.FWHM_PX)
    object.__setattr__(image["r"], "data", light.astype(np.float32))
    found = scene([[62.0, 90.0]], image)
    basis, data = found.basis, found.planes.data[0]
    rows = basis.fitted
    solution = basis.system(data, 0.02).solve(basis.design[rows].T @ data[rows])
    first = slice(basis.n_round, basis.n_round + (basis.design.shape[1] - basis.n_round) // 2)
    harmonic = basis.design[:, first] @ solution[first]
    assert np.abs(harmonic).max() < 0.02 * data.max()


def test_rings_lie_on_the_clump_s_side_of_the_outline():
    one = scene([[72.0, 60.0]])
    good = np.ones(one.p, dtype=bool)
    ring = one.ring(good, 4.0, 8.0, 4.0)[0]
    assert ring.any()
    assert (one.outline[ring] == one.inside[0]).all()
    assert not one.ring(~good, 4.0, 8.0, 4.0).any()
