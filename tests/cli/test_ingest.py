"""What `ingest` says on the terminal."""

import pytest
from typer.testing import CliRunner

from clumpscope.cli import app
from clumpscope.errors import RecipeError
from foreign import NAME, Scene, image, write


def told(folder, *options):
    result = CliRunner().invoke(app, ["ingest", str(folder), "--dry-run", *options])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


@pytest.fixture
def files(tmp_path):
    scene = Scene()
    header = scene.header("g", BUNIT="MJy/sr")
    write(tmp_path / "in" / f"{NAME}_g.fits", image(scene.data("g"), header))
    return tmp_path / "in"


def test_units_with_a_slash_are_told_whole(files):
    line = told(files).splitlines()[-1]
    assert line.startswith(f"{NAME} g: {NAME}_g.fits[1]; BUNIT = MJy/sr, ")
    assert line.endswith("noise from the blank sky; mask none; PSF PSFFWHM = 0.9 arcsec")


@pytest.mark.parametrize("text", ["abc", "27,28", "g=", "=27", "g=27,g=28", "g=27,28", "", "g:27"])
def test_a_zero_point_that_is_none_is_refused(text, files):
    with pytest.raises(RecipeError, match="--zero-point: expected an AB magnitude such as 27"):
        told(files, "--zero-point", text)


@pytest.mark.parametrize("text", ["nan", "-99", "g=inf"])
def test_a_zero_point_beyond_all_telescopes_is_refused(text, files):
    with pytest.raises(RecipeError, match="zero_point"):
        told(files, "--zero-point", text)
