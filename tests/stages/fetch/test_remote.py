"""What is asked of services of cutouts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.config.services import ServicesConfig
from clumpscope.errors import FrameError
from clumpscope.stages.fetch.registry import cutout_files

CONFIG = ServicesConfig()


@given(
    st.sampled_from(["hsc", "legacy"]),
    *(st.floats(-90, 90), st.floats(0, 360, exclude_max=True), st.floats(1, 780)),
)
def test_questions_are_made_of_plain_words(name, dec, ra, side):
    for file in cutout_files(name, ra, dec, side, CONFIG):
        asked = dict(file.params)
        assert len(asked) == len(file.params)
        assert float(asked["ra"]) == pytest.approx(ra, abs=6e-8)
        assert float(asked["dec"]) == pytest.approx(dec, abs=6e-8)
        assert all(re.fullmatch(r"[\w.-]*", word) for pair in file.params for word in pair)
        assert re.fullmatch(r"[\w.-]+\.fits", file.name)
        assert re.fullmatch(r"https://[\w./-]+", file.url)


def test_hsc():
    cutout, psf, *others = cutout_files("hsc", 150.0, 2.0, 30.0, CONFIG)
    assert cutout.url == "https://hsc-release.mtk.nao.ac.jp/das_cutout/pdr3/cgi-bin/cutout"
    asked = dict(cutout.params)
    assert (asked["sw"], asked["filter"], asked["rerun"]) == ("15.000asec", "HSC-G", "pdr3_wide")
    assert [asked[plane] for plane in ("image", "mask", "variance")] == ["on"] * 3
    assert psf.url == "https://hsc-release.mtk.nao.ac.jp/psf/pdr3/cgi/getpsf"
    assert dict(psf.params)["centered"] == "true"
    assert len(others) == 8


def test_legacy():
    cutout, _ = cutout_files("legacy", 150.0, 2.0, 26.2, CONFIG)
    assert cutout.shape == (100, 100)
    asked = dict(cutout.params)
    assert (asked["layer"], asked["bands"], asked["pixscale"]) == ("ls-dr10", "griz", "0.262")
    assert {"invvar", "maskbits"} < set(asked)


@pytest.mark.parametrize(("name", "side"), [("legacy", 787.0), ("hsc", 2101.0), ("hsc", 0.0)])
def test_what_a_service_does_not_give(name, side):
    with pytest.raises(FrameError, match="side of"):
        cutout_files(name, 150.0, 2.0, side, CONFIG)


@pytest.mark.parametrize(
    "address",
    ["file:///etc", "https://user:word@host/x", "https://host/x?y=1", "https://host/a b", "host"],
)
def test_addresses_that_are_none(address):
    with pytest.raises(ValueError, match="plain address"):
        ServicesConfig(sdss_archive=address)
