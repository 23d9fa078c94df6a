import contextlib
import re

import pytest
from astropy import units as u
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.ops.unit_words import unit_of

SPELT = {
    u.nmgy: "nanomaggy nanomaggies NANOMAGGY Nanomaggies nMgy nmgy NMGY nanomaggie nmaggies",
    u.mgy: "maggy maggies MAGGIES mgy",
    u.Jy: "Jy JY jy Jansky jansky JANSKY janskys",
    u.mJy: "mJy mJansky milliJy MilliJansky MILLIJANSKY milli-Jansky",
    u.uJy: "uJy UJY ujy µJy μJy microJy MICROJY microJansky micro-Jansky MicroJanskys",
    u.nJy: "nJy NJY njy nanoJy nanoJansky NANOJANSKY",
    u.MJy: "MJy megaJy MegaJansky",
    u.MJy / u.sr: "MJy/sr MJy*sr-1 MJy/ster MJy/steradian",
    u.adu: "ADU adu Adu ADUs",
    u.DN: "DN dn DNs",
    u.ct: "count counts COUNT COUNTS ct cts CTS",
    u.electron: "electron electrons ELECTRON ELECTRONS e- e E-",
    u.electron / u.s: "electron/s electrons/s ELECTRONS/S ELECTRONS/SEC e-/s e/s e-/sec e-*s-1",
    u.ct / u.s: "counts/s COUNTS/S count/sec cps CPS counts/second cts/s",
    u.DN / u.s: "DN/s DN/S dn/sec",
    10 * u.nmgy: "10*nanomaggy 10.0*nanomaggies 1e-8*maggies 1.0E-08*mgy",
    10 * u.nJy: "10.0*nanoJansky 10*nJy 1e-8*Jy 10**-8*Jy 10^-8*Jy 1e-8Jy",
    u.nmgy / u.arcsec**2: "nanomaggy/arcsec2 nanomaggies/arcsec^2 nmgy/arcsec**2",
    u.Jy / u.pix: "Jy/pixel Jy/pix JY/PIXEL Jy/px",
    u.erg / u.s / u.cm**2 / u.AA: (
        "erg/s/cm2/A erg/s/cm^2/Ang erg/cm2/s/A erg/s/cm**2/Angstrom ERGS/CM**2/S/A "
        "erg/s/cm2/angstroms ergs/s/cm^2/Å"
    ),
    1e-17 * u.erg / u.s / u.cm**2 / u.AA: "1e-17erg/s/cm2/A 1E-17*erg/s/cm^2/Ang",
    u.erg / u.s / u.cm**2 / u.Hz: "erg/s/cm2/Hz ERG/S/CM2/HZ erg/cm^2/s/hz",
    u.W / u.m**2 / u.Hz: "W/m2/Hz w/m^2/Hz",
}
ALL = [(unit, text) for unit, texts in SPELT.items() for text in texts.split()]


@pytest.mark.parametrize(("unit", "text"), ALL)
def test_what_archives_write(unit, text):
    for written in (
        text,
        f"  {text} ",
        text.replace("/", " / "),
        re.sub(r"(?<!\*)\*(?!\*)", " * ", text),
    ):
        found = unit_of(written)
        assert found.is_equivalent(unit), found
        assert found.to(unit) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        (u.Unit("1e-17 erg s-1 cm-2 Angstrom-1"), "1e-17 erg s-1 cm-2 A-1"),
        (u.electron / u.s, "electrons per second"),
        (u.ct / u.s, "counts s^-1"),
        (u.MJy / u.sr, "MJy sr**-1"),
    ],
)
def test_with_spaces(unit, text):
    assert unit_of(text).to(unit) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("text", ["", "  ", "none", "NONE", "N/A", "unknown", "Unitless"])
def test_nothing(text):
    assert unit_of(text) is None


@pytest.mark.parametrize("text", ["MJY", "mjy", "MJY/SR", "mjy/sr", "MJANSKY"])
def test_capitals_alone_are_mega_or_milli(text):
    with pytest.raises(ValueError, match=r"may be MJy or mJy"):
        unit_of(text)


@pytest.mark.parametrize("text", ["flux", "xJy", "PJy", "PJY", "1.2.3 Jy", "Jy Jx", "arb. units"])
def test_no_unit(text):
    with pytest.raises(ValueError, match=r"\w"):
        unit_of(text)


@given(st.text(max_size=100))
def test_any_text_is_a_unit_or_a_known_error(text):
    with contextlib.suppress(ValueError, ArithmeticError, TypeError):
        unit_of(text)
