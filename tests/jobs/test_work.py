"""The books of a galaxy: what fails, and what is written of it."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scenes
from builders import galaxy_image
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.boxes import Boxes
from clumpscope.core.composite import composite
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.galaxy import ColourImage
from clumpscope.core.records import HOSTS, record_table
from clumpscope.errors import ImageError, ModelError, RecipeError
from clumpscope.jobs import work as books
from clumpscope.jobs.work import Work
from clumpscope.stages.refine import refine
from clumpscope.store.sample import Sample

NAN = float("nan")
RECIPE = Recipe()


def sample(tmp_path, *ids, **columns) -> Sample:
    hosts = record_table(HOSTS, {"galaxy_id": ids, **columns})
    return Sample(tmp_path, hosts, tuple(tmp_path / f"{name}.fits" for name in ids))


def picture(shape=(20, 50), assumed=True) -> ColourImage:
    pixels = np.random.default_rng(0).uniform(size=(*shape, 3)).astype(np.float32)
    return ColourImage("p", pixels, 0.5, 1.2, assumed)


def row(tmp_path, work, recipe=RECIPE):
    """What the table of galaxies says of one."""
    return books.galaxies([work], sample(tmp_path, "g", petro_flux_u=[3.5]), recipe, 0.4)[0]


def test_whatever_goes_wrong_is_the_galaxy_s_failure_but_for_a_wrong_model():
    work = Work("g", 0)
    with work.attempt("refine"):
        raise ImageError("no band")
    assert work.error == ("refine", "no band")
    with work.attempt("measure"):
        raise ZeroDivisionError("by zero")
    assert work.error == ("measure", "ZeroDivisionError: by zero")
    fine = Work("g", 0)
    with fine.attempt("read"):
        pass
    assert fine.error is None
    with pytest.raises(ModelError), fine.attempt("read"):
        raise ModelError("of another shape")
    with pytest.raises(KeyboardInterrupt), fine.attempt("read"):
        raise KeyboardInterrupt
    assert fine.error is None


@pytest.mark.parametrize(("shape", "longer"), [((30, 50), 50), ((64, 21), 64)])
def test_a_field_is_the_longer_side(tmp_path, shape, longer):
    image = scenes.galaxy("g", shape, fwhm_arcsec={b: 1 + k for k, b in enumerate("ugriz")})
    found = row(tmp_path, Work("g", 0, image))
    assert found["field_arcsec"].value == pytest.approx(longer * scenes.PIXSCALE)
    assert found["pixscale_arcsec"].value == pytest.approx(scenes.PIXSCALE)
    assert [found[f"psf_fwhm_{band}"].value for band in "ugriz"] == [1, 2, 3, 4, 5]
    centre = [found[f"host_px_{axis}"].value for axis in "xy"]
    assert centre == pytest.approx([(shape[1] - 1) / 2, (shape[0] - 1) / 2], abs=1e-6)
    assert (found["petro_flux_u"].value, found["score_threshold"]) == (3.5, 0.4)
    assert (found["status"], found["flags"], found["outline"]) == ("ok", 0, False)


def test_a_field_of_a_picture(tmp_path):
    found = row(tmp_path, Work("g", 0, picture()))
    assert found["field_arcsec"].value == 25
    assert [found[f"host_px_{axis}"].value for axis in "xy"] == [24.5, 9.5]
    assert found["psf_fwhm_r"].value == 1.2
    assert np.isnan([found[f"psf_fwhm_{band}"].value for band in "ugiz"]).all()
    assert found["flags"] == int(ClumpFlag.NO_WCS | ClumpFlag.PSF_ASSUMED)
    assert row(tmp_path, Work("g", 0, picture(assumed=False)))["flags"] == int(ClumpFlag.NO_WCS)


def test_of_an_image_without_a_place_on_the_sky_no_arcsec_are_known(tmp_path):
    found = row(tmp_path, Work("g", 0, galaxy_image(shape=(30, 50), wcs=None)))
    assert np.isnan([found["pixscale_arcsec"].value, found["field_arcsec"].value]).all()
    assert found["flags"] == int(ClumpFlag.NO_WCS)
    assert found["psf_fwhm_r"].value == 1.3
    assert found["host_px_x"].value == 24.5


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"psf_assumed": True}, ClumpFlag.PSF_ASSUMED),
        ({"noise_assumed": True}, ClumpFlag.NOISE_ASSUMED),
    ],
)
def test_what_is_assumed_is_flagged_and_so_are_flags_of_all_clumps(tmp_path, changes, flag):
    image = galaxy_image("g", "gr", (30, 50), **changes)
    assert row(tmp_path, Work("g", 0, image))["flags"] == int(flag)
    kept = Work("g", 0, image, flags=int(ClumpFlag.OUT_OF_RANGE))
    assert row(tmp_path, kept)["flags"] == int(flag | ClumpFlag.OUT_OF_RANGE)


def test_what_is_assumed_of_a_band_that_is_not_used_is_no_doubt(tmp_path):
    image = galaxy_image("g", "ugri", (30, 50))
    assumed = {"u": replace(image["u"], psf_assumed=True)}
    work = Work("g", 0, replace(image, bands={**image.bands, **assumed}))
    assert row(tmp_path, work)["flags"] == int(ClumpFlag.PSF_ASSUMED)
    used = Recipe(measure=MeasureConfig(bands=("g", "i")))
    assert row(tmp_path, work, used)["flags"] == 0
    assumed = {"r": replace(image["r"], noise_assumed=True)}  # in which the host is outlined
    work = Work("g", 0, replace(image, bands={**image.bands, **assumed}))
    assert row(tmp_path, work, used)["flags"] == int(ClumpFlag.NOISE_ASSUMED)


def test_widths_are_of_sdss_and_of_the_bands_that_are_measured(tmp_path):
    image = galaxy_image("g", "grVy", (30, 50))
    found = row(tmp_path, Work("g", 0, image), Recipe(measure=MeasureConfig(bands=("g", "y"))))
    widths = [name for name in found.colnames if name.startswith("psf_fwhm")]
    assert widths == [f"psf_fwhm_{band}" for band in "ugrizy"]
    assert np.isfinite([found[f"psf_fwhm_{band}"].value for band in "ugrizy"]).tolist() == [
        *(False, True, True, False, False, True),
    ]  # fmt: skip


def test_a_galaxy_that_failed_has_its_row(tmp_path):
    found = row(tmp_path, Work("g", 0, error=("read", "gone")))
    assert (found["status"], found["n_clumps"], found["n_detections"]) == ("failed", 0, 0)
    for name in ("pixscale_arcsec", "field_arcsec", "host_px_x", "host_px_y", "psf_fwhm_g"):
        assert np.isnan(found[name].value)
    assert found["petro_flux_u"].value == 3.5


def refined(galaxy_id, labels, flags=0) -> Work:
    """A galaxy with boxes and clumps of these labels in a row."""
    shape = (40, 90)
    labels = np.array(labels, dtype=int)
    xy = np.column_stack([12.0 * np.arange(3, len(labels) + 3), np.full(len(labels), 15)])
    image = scenes.galaxy(galaxy_id, shape, xy.reshape(-1, 2))
    boxes = scenes.boxes_at(xy, shape, scores=0.9 - 0.1 * np.arange(len(labels)), labels=labels)
    kept = RefineConfig(keep_nucleus=True, recentre_fwhm=0)
    return Work(galaxy_id, 0, image, None, boxes, refine(image, boxes, kept, 0.0), flags=flags)


def test_tables_of_several_galaxies_keep_their_order(tmp_path):
    """Also of one without clumps, of one without an image, and of one that was not measured."""
    works = [
        refined("b", [1, 2, 1], flags=int(ClumpFlag.OUT_OF_RANGE)),
        Work("gone", 1, error=("read", "no such file")),
        refined("none", []),
        refined("a", [2]),
    ]
    works[3].error = ("measure", "no band u")
    recipe = Recipe(measure=MeasureConfig(bands=("g", "i")))
    found = books.tables(works, sample(tmp_path, "b", "gone", "none", "a"), recipe, 0.4)
    assert list(found["galaxies"]["galaxy_id"]) == ["b", "gone", "none", "a"]
    assert list(found["galaxies"]["n_detections"]) == [3, 0, 0, 1]
    assert list(found["galaxies"]["n_clumps"]) == [3, 0, 0, 1]
    assert list(found["galaxies"]["n_normal"]) == [2, 0, 0, 0]
    assert list(found["galaxies"]["outline"]) == [True, False, True, True]
    assert list(found["detections"]["galaxy_id"]) == ["b"] * 3 + ["a"]
    for name in ("score", "label", "x1", "y2", "p_background", "p_clump", "p_odd"):
        boxes = works[0].boxes
        column = {
            "score": boxes.scores,
            "label": boxes.labels,
            "x1": boxes.xyxy[:, 0],
            "y2": boxes.xyxy[:, 3],
            "p_background": boxes.probabilities[:, 0],
            "p_clump": boxes.probabilities[:, 1],
            "p_odd": boxes.probabilities[:, 2],
        }[name]
        assert list(found["detections"][name][:3]) == list(column)
    assert list(found["positions"]["galaxy_id"]) == ["b"] * 3 + ["a"]
    assert list(found["positions"]["clump_id"]) == [1, 2, 3, 1]
    assert list(found["positions"]["clump_centre_px_x"].value) == pytest.approx([36, 48, 60, 36])
    out = int(ClumpFlag.OUT_OF_RANGE)
    assert list(found["positions"]["flags"] & out) == [out] * 3 + [0]
    assert list(found["photometry"]["galaxy_id"]) == ["b"] * 3 + ["a"]
    assert np.isnan(found["photometry"]["clump_flux_g"].value).all()
    assert "clump_flux_u" not in found["photometry"].colnames
    assert list(
        zip(*(found["failures"][n] for n in ("galaxy_id", "stage", "error")), strict=True)
    ) == [
        ("gone", "read", "no such file"),
        ("a", "measure", "no band u"),
    ]


def test_a_stage_has_so_much_time():
    work = Work("g", 0, seconds=0.1)
    with work.attempt("refine"):
        time.sleep(30)
    assert work.error is not None
    stage, why = work.error
    assert (stage, why.startswith("time: expected at most 0.1 s")) == ("refine", True)


class OddError(Exception):
    """What nobody foresaw."""


@given(st.lists(st.tuples(st.integers(0, 99), st.booleans()), unique_by=lambda item: item[0]))
def test_what_cannot_be_built_with_is_left_out(items):
    told = {}

    def build(some):
        bad = [item for item in some if item[1]]
        if bad:
            raise OddError(bad[0][0])
        return list(some)

    built = books.each_apart(build, items, told.__setitem__)
    assert built == [item for item in items if not item[1]]
    assert told == {item: f"OddError: {item[0]}" for item in items if item[1]}


def test_what_is_no_item_s_fault_comes_through():
    def build(some):
        raise RecipeError("no dust map")

    with pytest.raises(RecipeError):
        books.each_apart(build, [1, 2], pytest.fail)

    def together(some):
        if len(some) == 2:
            raise OddError("only together")

    with pytest.raises(OddError):
        books.each_apart(together, [1, 2], pytest.fail)


def one_box(*corners):
    return Boxes.of([corners], [1], [0.9], [[0.1, 0.9, 0.0]])


class Fussy:
    """A finder that fails at some pictures, and finds one box in others."""

    def detect(self, composites):
        if any(image.pixels[0, 0, 0] > 0.5 for image in composites):
            raise RuntimeError("too red")
        return [one_box(1, 2, 5, 6) for _ in composites]


def test_a_galaxy_in_which_the_search_fails_fails_alone():
    works = [Work(name, k) for k, name in enumerate("abcd")]
    for work, red in zip(works, (0, 1, 0, 1), strict=True):
        whole = composite(scenes.galaxy(work.galaxy_id, (64, 64)), RECIPE.composite)
        work.view = replace(whole, pixels=np.full_like(whole.pixels, red))
    unread = Work("e", 4)
    books.search(Fussy(), [*works, unread], 16)
    assert [len(work.boxes) for work in works] == [1, 0, 1, 0]
    assert [work.error for work in works] == [
        *(None, ("detect", "RuntimeError: too red")),
        *(None, ("detect", "RuntimeError: too red")),
    ]
    assert (len(unread.boxes), unread.error) == (0, None)


def test_a_galaxy_whose_rows_cannot_be_made_fails_alone(tmp_path, monkeypatch):
    """Its place cannot be told: positions lack it, and the table of galaxies has only its id."""
    works = []
    for k, name in enumerate("ab"):
        image = scenes.galaxy(name, (64, 64))
        boxes = one_box(0.4, 0.4, 0.5, 0.5)
        refined = refine(image, boxes, RECIPE.refine, 0.5)
        works.append(Work(name, k, image, boxes=boxes, refined=refined))
    broken = scenes.galaxy("b", (64, 64))

    class NoPlace:
        def __getattr__(self, name):
            raise TypeError("three dimensions")

    for plane in broken.bands.values():
        object.__setattr__(plane, "wcs", NoPlace())
    works[1].image = broken
    tables = books.tables(works, sample(tmp_path, "a", "b"), RECIPE, 0.5)
    assert set(tables["positions"]["galaxy_id"]) == {"a"}
    assert list(tables["galaxies"]["galaxy_id"]) == ["a", "b"]
    assert list(tables["galaxies"]["status"]) == ["ok", "failed"]
    assert list(tables["failures"]["galaxy_id"]) == ["b"]
    assert "three dimensions" in tables["failures"]["error"][0]
