"""One synthetic field and the real ones, made once."""

import pytest
from hypothesis import settings

from clumpscope.stages.fetch.sdss.band import load_field
from clumpscope.stages.fetch.sdss.mirror import open_mirror
from places import SHARED
from sdss_mirror import Source, make_field, stars

# How long an example takes says nothing where several jobs share two cores.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def field(tmp_path_factory):
    """Stars and two galaxies: one of scale 1.2" and 200 nanomaggies at (165, 140), one small."""
    shape = (280, 330)
    galaxies = (Source(165.3, 139.6, 200.0, 1.2), Source(60.2, 230.4, 40.0, 0.9))
    clear = tuple(
        star
        for star in stars(shape, 36)
        if all(abs(star.x - g.x) + abs(star.y - g.y) > 55 for g in galaxies)
    )
    folder = tmp_path_factory.mktemp("mirror")
    return folder, make_field(folder / "3918" / "3", (*galaxies, *clear), shape=shape)


@pytest.fixture(scope="session")
def bands(field):
    mirror = open_mirror(field[0])
    return load_field(mirror, next(iter(mirror.footprints)))


@pytest.fixture(scope="session")
def shared_frames():
    folder = SHARED / "sdss_frames"
    if not folder.is_dir():
        pytest.skip(f"real SDSS frames are not here: {folder}")
    return folder


@pytest.fixture(scope="session")
def shared_psf():
    folder = SHARED / "sdss_psf"
    if not folder.is_dir():
        pytest.skip(f"real SDSS psField files are not here: {folder}")
    return folder


@pytest.fixture(scope="session")
def merger_field(shared_frames):
    mirror = open_mirror(shared_frames / "003918-3-0213")
    return load_field(mirror, next(iter(mirror.footprints)))
