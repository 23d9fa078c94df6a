import numpy as np
import pytest

from clumpscope.stages.measure.host import Ellipse, HostBasis, System

SIDE = 81
GRID = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1).reshape(-1, 2).astype(float)


def disk(ratio=0.6, angle=0.5, scale=8.0, x=40.0, y=41.0):
    radius = Ellipse(x, y, ratio, angle).polar(GRID, 1.0)[0] / np.sqrt(ratio)
    return np.exp(-radius / scale)


def test_ellipse_of_an_inclined_disk():
    light = disk().reshape(SIDE, SIDE)
    found = Ellipse.of(light, light > 0.05, np.array([40.0, 41.0]))
    assert found.axis_ratio == pytest.approx(0.6, abs=0.01)
    assert np.sin(found.angle - 0.5) == pytest.approx(0, abs=0.02)


def test_polar_radius_is_that_of_equal_area():
    ellipse = Ellipse(0, 0, 0.25, np.pi / 2)
    radius, azimuth = ellipse.polar(np.array([[0.0, 8.0], [2.0, 0.0]]), 4.0)
    assert radius == pytest.approx([1.0, 1.0])
    assert azimuth == pytest.approx([0.0, -np.pi / 2])


def test_without_light_the_host_is_round():
    nothing = np.zeros((5, 5))
    assert Ellipse.of(nothing, nothing == 0, np.zeros(2)).axis_ratio == 1.0


def basis(hole=None, ratio=0.6):
    radius, azimuth = Ellipse(40.0, 41.0, ratio, 0.5).polar(GRID, 3.0)
    fitted = radius < 8
    if hole is not None:
        fitted &= np.hypot(*(GRID - hole).T) > 3
    return HostBasis.of(radius, azimuth, fitted, 8.0)


@pytest.mark.parametrize("ratio", [0.6, 0.75])
def test_a_disk_is_followed_under_a_hole_also_with_a_wrong_axis_ratio(ratio):
    hole = np.array([48.0, 44.0])
    model, light = basis(hole, ratio), disk()
    fit = model.fit(light, model.system(light, 1e-3))
    under = np.hypot(*(GRID - hole).T) < 3
    assert np.abs(fit[under].sum() / light[under].sum() - 1) < 0.01


def test_where_a_host_is_lost_in_noise_harmonics_add_none():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1, len(GRID))
    model = basis()
    profile_only = HostBasis(model.design[:, : model.n_round], model.n_round, model.fitted)
    shrunk = model.fit(noise, model.system(noise, 1.0))
    rows = model.fitted
    free = model.design[rows] @ np.linalg.lstsq(model.design[rows], noise[rows], rcond=None)[0]
    round_ = profile_only.design[rows] @ np.linalg.lstsq(
        profile_only.design[rows], noise[rows], rcond=None
    )[0]  # fmt: skip
    assert shrunk[rows].std() < 0.75 * free.std()
    assert shrunk[rows].std() == pytest.approx(round_.std(), rel=0.5)


def test_residual_weights_are_weights_on_the_residual():
    rng = np.random.default_rng(2)
    model, light = basis(), disk() + rng.normal(0, 0.01, len(GRID))
    system = model.system(light, 0.01)
    weights = rng.normal(size=(3, 500))
    direct = weights @ (light - model.fit(light, system))[:500]
    assert model.residual_weights(weights, system) @ light == pytest.approx(direct)


def test_a_system_is_solved_as_any_equations():
    rng = np.random.default_rng(3)
    rows, right = rng.normal(size=(40, 6)), rng.normal(size=(6, 4))
    normal = rows.T @ rows
    system = System.of(normal)
    solution = np.linalg.solve(normal, right)
    assert system.solve(right.T) == pytest.approx(solution.T)
    assert system.solve(right[:, 0]) == pytest.approx(solution[:, 0])
    assert system.norms(right.T) == pytest.approx((right * solution).sum(axis=0))


def test_bands_are_fitted_together_as_each_alone():
    rng = np.random.default_rng(4)
    model = basis()
    light = disk() * np.array([[1.0], [3.0], [0.1]]) + rng.normal(0, 0.01, (3, len(GRID)))
    good = rng.random(light.shape) > np.array([[0.0], [0.01], [0.8]])
    weights, sigma = rng.normal(size=(3, 2, 500)), np.array([0.01, 0.02, 0.01])
    together = model.on(good)
    system = together.system(light, sigma)
    for b in range(3):
        alone = model.on(good[b])
        own = alone.system(light[b], sigma[b])
        assert together.determined[b] == alone.determined
        assert together.fit(light, system)[b] == pytest.approx(alone.fit(light[b], own))
        through = alone.residual_weights(weights[b], own)
        assert together.residual_weights(weights, system)[b] == pytest.approx(through)
