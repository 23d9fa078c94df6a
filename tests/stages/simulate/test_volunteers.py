import numpy as np
import pytest

from builders import galaxy_image
from clumpscope.core.marks import Kind
from clumpscope.stages.simulate.volunteers import Drawn, Sights, deeds, look, population, sights


def test_a_volunteer_depends_on_seed_and_number_only():
    few, many = population(5, 3), population(50, 3)
    assert few.name.tolist() == many.name[:5].tolist()
    assert few.detection.tolist() == many.detection[:5].tolist()
    assert (population(5, 4).detection != few.detection).any()
    assert many.activity.sum() == pytest.approx(1)


def test_brighter_is_plainer():
    image = galaxy_image(shape=(100, 100))
    flux = np.array([0.01, 0.1, 0.4, 1.6, 6.4])
    angle = np.arange(5.0)
    xy = 49.5 + 9 * np.column_stack([np.cos(angle), np.sin(angle)])
    fluxes = dict.fromkeys("ugriz", flux)
    seen = sights(image, xy, np.ones(5, dtype=int), fluxes)
    clear = np.array([seen.clarity[(seen.xy == place).all(axis=1)][0] for place in xy])
    assert (np.diff(clear) >= 0).all()
    assert clear[0] < 0.05
    assert clear[-1] > 0.9
    far = sights(image, xy - 40, np.ones(5, dtype=int), fluxes)
    assert far.clarity[far.real].max() < 0.05  # off the host nobody looks


def one_sight(clarity=1.0, kind=Kind.NORMAL):
    return Sights(
        np.array([[50.0, 40.0]]), np.array([clarity]), np.array([int(kind)]), np.array([True])
    )


def test_marks_have_the_skills_of_their_volunteer():
    image = galaxy_image(shape=(100, 100))
    who = population(40, 1)
    rng = np.random.default_rng(0)
    fwhm = image["r"].psf_fwhm_arcsec / image.pixscale_arcsec
    done = np.array(
        [
            sum(deeds(one_sight(), look(one_sight(), who, k, image, rng), fwhm) for _ in range(150))
            for k in range(40)
        ]
    )
    looks, clear, found, marks, false, squares, real, wrong = done.T
    assert (looks == 150).all()
    assert found / clear == pytest.approx(who.detection, abs=0.1)
    assert np.sqrt(squares / real / 2) == pytest.approx(who.scatter_fwhm, rel=0.2)
    assert false / 150 == pytest.approx(who.false_marks, abs=0.25 + 0.1 * who.false_marks.max())
    assert wrong / real == pytest.approx(who.confusion * 0.5, abs=0.08)
    assert (marks >= real).all()


def test_lazy_volunteers_stop_early():
    who = population(200, 1)
    lazy = int(np.flatnonzero(who.patience == 1)[0])
    seen = Sights(
        np.random.default_rng(0).uniform(30, 70, (9, 2)),
        np.ones(9),
        np.full(9, int(Kind.NORMAL)),
        np.ones(9, dtype=bool),
    )
    image = galaxy_image(shape=(100, 100))
    for trial in range(20):
        drawn = look(seen, who, lazy, image, np.random.default_rng(trial))
        assert (drawn.of >= 0).sum() <= 1


def test_deeds_by_hand():
    seen = Sights(
        np.array([[10.0, 10], [20, 20], [30, 30], [40, 40]]),
        np.array([0.9, 0.8, 0.2, 1.0]),
        np.array([1, 2, 1, 3]),
        np.array([True, True, True, False]),
    )
    drawn = Drawn(
        np.array([[12.0, 10], [40, 41], [5, 5]]), np.array([2, 1, 1]), np.array([0, 3, -1])
    )
    # Clear: two, one of them marked; of three marks one on nothing; two with the wrong tool.
    assert deeds(seen, drawn, 2.0).tolist() == [1, 2, 1, 3, 1, 5 / 4, 2, 2]
