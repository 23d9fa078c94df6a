import subprocess
import sys

import pytest
from pydantic import ValidationError

from clumpscope.core.conditions import Conditions
from clumpscope.models.spec import DetectorSpec, Native, Published, TrainingRange
from networks import native_spec


def test_travels_as_json():
    spec = native_spec(
        metrics={"ap50": 0.7}, trained_on=TrainingRange(psf_fwhm_arcsec=(1.0, 1.6)), licence="BSD"
    )
    again = DetectorSpec.model_validate_json(spec.model_dump_json())
    assert again == spec
    assert isinstance(again.architecture, Native)
    assert again.architecture.strides == (4, 8, 16)


def test_families_are_told_apart():
    spec = DetectorSpec.model_validate({"name": "x", "architecture": {"family": "published"}})
    assert spec.architecture == Published(min_size=800, max_size=1333)
    assert spec.classes == ("background", "clump", "odd clump")
    assert (spec.composite.size, spec.composite.crop) == (400, 200)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"architecture": {"family": "yolo"}}, "architecture"),
        ({"architecture": {}}, "architecture"),
        ({"architecture": {"family": "published", "encoder": "resnet18"}}, "encoder"),
        ({"architecture": {"family": "native", "anchors": (8.0,)}}, "architecture"),
        ({"std": (0.2, 0.0, 0.2)}, "std"),
        ({"mean": (0.1, 0.1)}, "mean"),
        ({"score_threshold": 30}, "score_threshold"),
        ({"scale": 2}, "scale"),
    ],
)
def test_what_cannot_be(change, where):
    with pytest.raises(ValidationError, match=where):
        DetectorSpec.model_validate({"name": "x", "architecture": {"family": "native"}, **change})


@pytest.mark.parametrize(
    ("psf", "pixscale", "noise", "inside"),
    [
        (1.3, 0.3961, 1.0, True),
        (1.61, 0.396, 1.0, True),
        (1.7, 0.396, 1.0, False),
        (0.9, 0.396, 1.0, False),
        (1.3, 0.168, 1.0, False),
        (1.3, 0.396, 0.2, False),
        (float("nan"), float("nan"), float("nan"), True),
    ],
)
def test_a_training_range_holds_what_it_has_seen(psf, pixscale, noise, inside):
    seen = TrainingRange(
        psf_fwhm_arcsec=(1.0, 1.6), pixscale_arcsec=(0.396, 0.396), noise_over_sdss=(0.3, 1.3)
    )
    assert seen.holds(Conditions(psf, pixscale, noise)) == inside
    assert TrainingRange().holds(Conditions(psf, pixscale, noise))


def test_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        native_spec().name = "other"


def test_needs_no_torch():
    code = (
        "import clumpscope.models.inventory as i, clumpscope.models.spec, sys\n"
        "i.inventory()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
