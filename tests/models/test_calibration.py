"""Calibrations: closed forms, where they hold, and their way through a model file."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from safetensors.numpy import load_file, save_file

from clumpscope.core.clumps import clump_table
from clumpscope.errors import ModelError
from clumpscope.models.calibration import RULES, Calibration, Evidence, Isotonic, Logistic, p_real
from clumpscope.models.header import KEY, read_spec
from clumpscope.models.rewritten import with_spec
from networks import native_spec

WEIGHTS = {
    "temperature": (0.5,),
    "platt": (-1.0, 2.0),
    "beta": (0.3, 0.5, 1.5),
    "platt-snr": (-1.0, 2.0, 0.5),
    "bent-snr": (0.1, 1.0, 0.2, 0.03, -0.04, 0.5, -0.6, 0.7),
}


def calibration(curve=None, survey="sdss", **changes):
    values = {
        "survey": survey,
        "curve": curve or Logistic(rule="platt", weights=(0.0, 1.0)),
        "band": "u",
        "snr": (-5.0, 50.0),
        "psf_fwhm_arcsec": (0.9, 2.0),
        "pixscale_arcsec": (0.396, 0.396),
        "score": 0.05,
        "candidates": 100,
        "galaxies": 10,
        "model_sha256": "ab",
        "truth_sha256": "cd",
    }
    return Calibration(**{**values, **changes})


def evidence(p=0.3, snr=4.0, fwhm=1.3, pixscale=0.396, score=0.9, band="u"):
    given = map(np.atleast_1d, (p, snr, fwhm, pixscale, score))
    p, snr, fwhm, pixscale, score = np.broadcast_arrays(*given)
    return Evidence(p.astype(float), {band: snr.astype(float)}, fwhm, pixscale, score)


def odds(rule, p, snr):
    """Log odds by the formulas as they stand in the books, for one candidate."""
    w, z, s = WEIGHTS[rule], np.log(p / (1 - p)), np.log(snr + np.sqrt(snr**2 + 1))
    bend = [max(s - np.log(a + np.sqrt(a * a + 1)), 0) for a in (1, 3, 10)]
    return {
        "temperature": lambda: w[0] * z,
        "platt": lambda: w[0] + w[1] * z,
        "beta": lambda: w[0] + w[1] * np.log(p) - w[2] * np.log(1 - p),
        "platt-snr": lambda: w[0] + w[1] * z + w[2] * s,
        "bent-snr": lambda: (
            w[0] + w[1] * z + w[2] * s + w[3] * z * z + w[4] * z * s + np.dot(w[5:], bend)
        ),
    }[rule]()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("p", "snr"), [(0.2, -1.5), (0.9, 0.4), (0.5, 2.0), (0.02, 30.0)])
def test_rules_are_those_of_the_books(rule, p, snr):
    found = Logistic(rule=rule, weights=WEIGHTS[rule])(np.array([p]), np.array([snr]))
    assert found == pytest.approx(1 / (1 + np.exp(-odds(rule, p, snr))))


def test_certainty_stays_a_probability():
    for rule in RULES:
        ends = Logistic(rule=rule, weights=WEIGHTS[rule])(np.array([0.0, 1.0]), np.zeros(2))
        assert np.isfinite(ends).all()
        assert 0 <= ends[0] < ends[1] <= 1


def test_a_broken_line_is_level_beyond_its_ends():
    line = Isotonic(p=(0.2, 0.6), chance=(0.1, 0.5))
    found = line(np.array([0.0, 0.2, 0.3, 0.6, 1.0]), np.zeros(5))
    assert found == pytest.approx([0.1, 0.1, 0.2, 0.5, 0.5])


@given(st.lists(st.floats(-60, 60), min_size=8, max_size=8), st.floats(0, 1), st.floats(-90, 90))
@settings(max_examples=60, deadline=None)
def test_it_is_in_0_to_1_or_nan(weights, p, snr):
    one = calibration(Logistic(rule="bent-snr", weights=tuple(weights)))
    found = p_real([one], evidence(p, snr))
    assert np.isnan(found[0]) == (not -5 <= snr <= 50)
    assert np.isnan(found[0]) or 0 <= found[0] <= 1


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"score": 0.05}, True),
        ({"score": 0.049}, False),
        ({"snr": -5.1}, False),
        ({"snr": 50.1}, False),
        ({"snr": np.nan}, False),
        ({"fwhm": 2.03}, True),  # 2 %
        ({"fwhm": 2.06}, False),
        ({"fwhm": np.nan}, False),
        ({"pixscale": 0.3962}, True),
        ({"pixscale": 0.262}, False),
        ({"p": np.nan}, False),
        ({"band": "g"}, False),
    ],
)
def test_where_it_holds(change, holds):
    assert np.isfinite(calibration()(evidence(**change)))[0] == holds


def test_each_survey_has_its_own():
    deep = calibration(
        Logistic(rule="platt", weights=(2.0, 1.0)), "hsc", pixscale_arcsec=(0.168, 0.168)
    )
    again = calibration(Isotonic(p=(0.5,), chance=(0.9,)), "again")  # never the first that holds
    seen = evidence(pixscale=np.array([0.396, 0.168, 0.262]))
    odd = 0.3 / 0.7 * np.e**2
    found = p_real([calibration(), deep, again], seen)
    assert found == pytest.approx([0.3, odd / (1 + odd), np.nan], nan_ok=True)
    assert np.isnan(p_real([], seen)).all()


def test_evidence_of_a_table():
    columns = {
        "galaxy_id": ["a"] * 3,
        "clump_id": [1, 2, 3],
        "clump_label_id": [1, 1, 2],
        "clump_score": [0.7, 0.6, 0.5],
        "p_clump": [0.65, np.nan, np.nan],
        "FWHM_r_px": [3.0, 4.0, 5.0],
        "FWHM_r_arcsec": [1.2, 1.2, 1.0],
        "clump_flux_g": [1.0, 2.0, -3.0],
        "clump_flux_err_g": [0.5, 0.0, 1.5],
    }
    seen = Evidence.of(clump_table("release", columns, "g"))
    assert seen.p == pytest.approx([0.65, 0.6, np.nan], nan_ok=True)
    assert list(seen.snr) == ["g"]
    assert seen.snr["g"] == pytest.approx([2, np.inf, -2])
    assert seen.psf_fwhm_arcsec == pytest.approx([1.2, 1.2, 1.0])
    assert seen.pixscale_arcsec == pytest.approx([0.4, 0.3, 0.2])


@pytest.mark.parametrize(
    ("kind", "values", "why"),
    [
        (Logistic, {"rule": "platt", "weights": (1.0,)}, "platt has 2 weights"),
        (Logistic, {"rule": "spline", "weights": (1.0,)}, "rule"),
        (Logistic, {"rule": "temperature", "weights": (float("nan"),)}, "weights"),
        (Isotonic, {"p": (0.1, 0.2), "chance": (0.1,)}, "as many knots"),
        (Isotonic, {"p": (0.2, 0.2), "chance": (0.1, 0.2)}, "must rise"),
        (Isotonic, {"p": (0.1, 0.2), "chance": (0.2, 0.1)}, "must not fall"),
        (Isotonic, {"p": (0.1, 1.2), "chance": (0.1, 0.2)}, "less than or equal to 1"),
        (Isotonic, {"p": (), "chance": ()}, "at least 1"),
    ],
)
def test_what_cannot_be(kind, values, why):
    with pytest.raises(ValidationError, match=why):
        kind(**values)


CURVES = [Logistic(rule=rule, weights=WEIGHTS[rule]) for rule in RULES]
CURVES.append(Isotonic(p=(0.1, 1 / 3), chance=(0.2, 0.9)))


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_it_travels_in_a_model_file_with_the_same_tensors(curve, tmp_path):
    tensors = {
        "half": np.linspace(0, 1, 6, dtype=np.float16).reshape(2, 3),
        "scalar": np.array(7),
        "single": np.ones(3, dtype=np.float32),
    }
    before = native_spec(metrics={"ap50": 0.5})
    save_file(tensors, tmp_path / "m.safetensors", {KEY: before.model_dump_json()})
    spec = before.model_copy(update={"calibrations": (calibration(curve),)})
    out = tmp_path / "new.safetensors"
    with_spec(tmp_path / "m.safetensors", spec, out)
    assert read_spec(out) == spec
    assert read_spec(out).calibrations[0].curve == curve
    held = load_file(out)
    assert held.keys() == tensors.keys()
    for name, values in tensors.items():
        assert held[name].dtype == values.dtype
        assert np.array_equal(held[name], values)
    with_spec(out, spec, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == out.read_bytes()


def test_a_file_of_the_first_schema_has_none(tmp_path):
    text = json.loads(native_spec().model_dump_json())
    del text["calibrations"]
    path = tmp_path / "old.safetensors"
    save_file({}, path, {KEY: json.dumps(text | {"schema_version": 1})})
    assert read_spec(path).calibrations == ()
    bad = {**text, "calibrations": [{"survey": "x"}]}
    save_file({}, path, {KEY: json.dumps(bad)})
    with pytest.raises(ModelError, match="calibrations.0.curve"):
        read_spec(path)
