"""What a run settles before it begins, and does with each galaxy."""

from dataclasses import replace
from pathlib import Path

import pytest

from clumpscope.config.limits import LimitsConfig
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CatalogueConfig, DetectConfig, RefineConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.errors import ModelError
from clumpscope.jobs.pipeline import calibrations_for, make_plan, process
from clumpscope.models.header import read_spec
from clumpscope.models.registry import find_model
from clumpscope.store.images import read_galaxy, write_galaxy
from clumpscope.store.sample import Sample


def test_a_plan_s_key_holds_what_a_resumed_run_must_share(oblong: Path) -> None:
    sample = Sample.open(oblong)
    first = make_plan(sample, Recipe(), None, "catalogue")
    assert first.key == make_plan(sample, Recipe(), None, "catalogue").key

    def differing(recipe: Recipe, until: str = "catalogue") -> set[str]:
        other = make_plan(sample, recipe, None, until).key
        return {name for name in first.key if first.key[name] != other[name]}

    assert differing(Recipe(), "detect") == {"recipe"}
    assert differing(Recipe(refine=RefineConfig(nms_iou=0.3))) == {"recipe"}
    assert differing(Recipe(catalogue=CatalogueConfig(low_snr=5))) == set()
    assert replace(first, model_key="x").key["model"] == "x"
    assert replace(first, sample_key="x").key["sample"] == "x"


def test_a_plan_is_of_this_model_and_this_sample(oblong: Path, tmp_path: Path) -> None:
    sample = Sample.open(oblong)
    plan = make_plan(sample, Recipe(), None, "detect")
    assert (plan.model, plan.sample) == (find_model(None), oblong)
    assert plan.threshold == read_spec(plan.model).score_threshold
    stated = Recipe(refine=RefineConfig(score_threshold=0.0))
    assert make_plan(sample, stated, None, "detect").threshold == 0
    with pytest.raises(ModelError, match="nosuch"):
        make_plan(sample, Recipe(), "nosuch", "detect")


def test_calibrations_of_images_that_are_seen_otherwise_do_not_count() -> None:
    spec = read_spec(find_model("clumpscope-native"))
    assert [one.survey for one in calibrations_for(spec, Recipe())] == ["sdss", "hsc"]
    otherwise = Recipe(detect=DetectConfig(as_sdss=True))
    assert [one.survey for one in calibrations_for(spec, otherwise)] == ["sdss"]


def test_a_galaxy_unlike_those_of_training_is_flagged(oblong: Path, tmp_path: Path) -> None:
    """One of too wide a PSF; the others of the batch are not."""
    limit = read_spec(find_model(None)).trained_on.psf_fwhm_arcsec[1]
    (tmp_path / "images").mkdir()
    for k, path in enumerate(sorted((oblong / "images").iterdir())[2:5]):
        image = read_galaxy(path)
        fwhm = 1.1 * limit if k == 2 else 0.9 * limit
        r = replace(image["r"], psf=None, psf_fwhm_arcsec=fwhm)
        changed = replace(image, bands={**image.bands, "r": r})
        write_galaxy(tmp_path / "images" / path.name, changed)
    sample = Sample.open(tmp_path)
    plan = make_plan(sample, Recipe(), None, "catalogue")
    works = process(sample, [2, 0, 1], plan)
    assert [work.galaxy_id for work in works] == [sample.ids[k] for k in (2, 0, 1)]
    assert [work.flags for work in works] == [int(ClumpFlag.OUT_OF_RANGE), 0, 0]


def test_only_boxes_until_detect(oblong: Path) -> None:
    sample = Sample.open(oblong)
    recipe = Recipe(detect=DetectConfig(score_floor=0.2, batch_size=1))
    works = process(sample, [0, 3], make_plan(sample, recipe, None, "detect"))
    assert [work.refined for work in works] == [None, None]
    assert all(len(work.boxes) and work.boxes.scores.min() >= 0.2 for work in works)
    both = process(sample, [0, 3], make_plan(sample, Recipe(), None, "detect"))
    for one, more in zip(works, both, strict=True):
        assert len(more.boxes) > len(one.boxes)
        assert one.boxes.scores == pytest.approx(more.boxes.scores[: len(one.boxes)], abs=1e-5)


def test_what_exceeds_a_limit_fails_alone_at_its_stage(oblong: Path) -> None:
    sample, rows = Sample.open(oblong), range(8)

    def failed(until: str = "catalogue", **limits: float) -> dict[int, tuple[str, str]]:
        recipe = Recipe(limits=LimitsConfig(**limits))
        works = process(sample, rows, make_plan(sample, recipe, None, until))
        return {work.index: work.error for work in works if work.error is not None}

    plain = process(sample, rows, make_plan(sample, Recipe(), None, "catalogue"))
    counts = [len(work.boxes) for work in plain]
    most = sorted(counts)[4]
    crowded = {index for index, count in enumerate(counts) if count > most}
    assert 0 < len(crowded) < 8
    for until in ("detect", "catalogue"):
        found = failed(until, boxes=most)
        assert set(found) == crowded
        for index, (stage, why) in found.items():
            assert stage == "detect"
            assert why == f"boxes: expected at most {most} ([limits] boxes), got {counts[index]}"
    shapes = [work.image.shape for work in plain]
    found = failed(cutout_px=min(ny * nx for ny, nx in shapes))
    assert set(found) == {
        k for k, (ny, nx) in enumerate(shapes) if ny * nx > min(a * b for a, b in shapes)
    }
    assert all(stage == "read" and "[limits] cutout_px" in why for stage, why in found.values())
    several = {k for k, work in enumerate(plain) if len(work.refined) > 1}
    found = failed(measured_px=300)
    assert several <= set(found)
    assert {stage for stage, _ in found.values()} == {"measure"}
    assert set(failed(psf_px=3)) == set(rows)
