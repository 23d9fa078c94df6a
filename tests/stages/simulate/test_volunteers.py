import gzip

import numpy as np
import pytest

from builders import galaxy_image
from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.marks import Kind
from clumpscope.jobs.simulate import simulate
from clumpscope.jobs.volunteers import volunteers as ask_volunteers
from clumpscope.stages.simulate.volunteers import Drawn, Sights, deeds, look, population, sights
from clumpscope.store.panoptes import read_export
from clumpscope.store.tables import read_parquet

TOOLS = {"0": "normal", "1": "odd", "2": "bulge"}


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


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marked")
    recipe = Recipe(seed=11)
    simulate(folder / "one", 8, recipe, 1)
    (folder / "two").mkdir()
    for name in ("hosts.parquet", "truth.parquet", "images"):
        (folder / "two" / name).symlink_to(folder / "one" / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clumpscope.jobs.volunteers.SHARD", 3)
        for name, workers in (("one", 1), ("two", 2)):
            assert ask_volunteers(folder / name, 6, recipe, workers) == 8 * 6
    return folder


def test_worker_count_does_not_matter(marked):
    for name in ("classifications.csv.gz", "volunteers.parquet"):
        assert (marked / "one" / name).read_bytes() == (marked / "two" / name).read_bytes()


def test_the_export_is_one_of_panoptes(marked):
    with gzip.open(marked / "one" / "classifications.csv.gz", "rt") as stream:
        assert stream.readline().startswith(
            "classification_id,user_name,user_id,user_ip,workflow_id"
        )
    export = read_export(marked / "one" / "classifications.csv.gz", ConsensusConfig(tools=TOOLS))
    assert (export.used, export.n_faults) == (8 * 6, 0)
    assert np.bincount(export.marks.look_image).tolist() == [6] * 8
    assert set(export.marks.kind) <= {1, 2, 3}
    done = read_parquet(marked / "one" / "volunteers.parquet")
    assert np.sum(done["n_looks"]) == 8 * 6
    assert np.sum(done["n_marks"]) == len(export.marks.image)
