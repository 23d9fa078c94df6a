import numpy as np
import pytest

from clumpscope.errors import FrameError, ImageError
from clumpscope.ops.psf import adaptive_fwhm_px, gaussian_psf
from clumpscope.ops.stars.star_psf import StarPsf
from clumpscope.stages.fetch.sdss.band import FieldPsf, load_field, make_bands
from clumpscope.stages.fetch.sdss.detectors import CcdNoise
from clumpscope.stages.fetch.sdss.frame import CorrectedFrame, read_frame
from clumpscope.stages.fetch.sdss.mirror import FieldKey, open_mirror
from clumpscope.stages.fetch.sdss.psfield import PsfModel, read_psfield
from clumpscope.stages.fetch.sdss.stars import psf_from_stars
from sdss_mirror import FWHM, PIXSCALE, Source, band_wcs, make_field, make_psfield
from star_scenes import noisy, star

KEY = FieldKey(3918, 3, 213)


def drawn_width(band):
    """FWHM of a drawn star in px: the Gaussian seen by square pixels."""
    return np.sqrt((FWHM[band] / PIXSCALE) ** 2 + 2.3548**2 / 12)


@pytest.mark.parametrize("band", list("ugriz"))
def test_stars_tell_the_psf_that_was_drawn(bands, band):
    psf = bands[band].psf
    assert isinstance(psf, StarPsf)
    assert psf.n_stars > 10
    assert psf.fwhm_px == pytest.approx(drawn_width(band), rel=0.01)
    # The stack is broadened by interpolation, by less than a hundredth.
    assert adaptive_fwhm_px(psf.image) == pytest.approx(drawn_width(band), rel=0.015)
    assert psf.image.dtype == np.float32
    assert psf.image.shape == (41, 41)
    assert psf.image.sum() == pytest.approx(1, abs=1e-5)
    expected = gaussian_psf(FWHM[band] / PIXSCALE, side=41)
    np.testing.assert_allclose(psf.image, expected, atol=0.03 * expected.max())


def test_galaxies_and_close_pairs_are_no_stars(tmp_path):
    rng = np.random.default_rng(3)
    places = [(x, y) for x in range(35, 420, 48) for y in range(35, 420, 48)]
    sources = []
    for n, (x, y) in enumerate(places):
        dx, dy = rng.uniform(-2, 2, 2)
        kind = n % 3
        sources.append(Source(x + dx, y + dy, 60.0, rng.uniform(0.4, 1.5) if kind == 1 else 0.0))
        if kind == 2:
            sources.append(Source(x + dx + rng.uniform(2, 7), y + dy, rng.uniform(10, 50)))
    make_field(tmp_path, sources, shape=(450, 450), bands="r", compress=False)
    frame = read_frame(tmp_path / "frame-r-003918-3-0213.fits", "r", CcdNoise(4.7, 1.3))
    psf = psf_from_stars(frame)
    assert psf.fwhm_px == pytest.approx(drawn_width("r"), rel=0.01)
    assert psf.n_stars <= len(places) / 3 + 1


def test_a_frame_without_stars_has_no_psf(tmp_path):
    make_field(tmp_path, (), bands="r", compress=False)
    path = tmp_path / "frame-r-003918-3-0213.fits"
    with pytest.raises(FrameError, match="at least 3 isolated stars, got 0"):
        psf_from_stars(read_frame(path, "r", CcdNoise(4.7, 1.3)))


def test_psfield_is_taken_before_stars_and_varies_over_the_frame(tmp_path):
    drawn = make_field(tmp_path)
    make_psfield(tmp_path / "psField-003918-3-0213.fit", FWHM)
    bands = load_field(open_mirror(tmp_path), KEY)
    ny, nx = drawn.shape
    for band in "ugriz":
        first, last = (bands[band].psf.at(row, nx / 2) for row in (0, ny - 1))
        assert isinstance(bands[band].psf, FieldPsf)
        assert not first.assumed
        assert first.fwhm_px == pytest.approx(FWHM[band] / PIXSCALE, rel=3e-3)
        assert last.fwhm_px > 1.01 * first.fwhm_px
    stars = bands["r"].psf.at(0, 0).image
    assert stars.shape == (51, 51)


def test_unused_powers_of_a_psfield_are_not_read(tmp_path):
    make_psfield(tmp_path / "clean.fit", FWHM, garbage=False)
    make_psfield(tmp_path / "dirty.fit", FWHM, garbage=True)
    clean, dirty = (read_psfield(tmp_path / f"{name}.fit") for name in ("clean", "dirty"))
    for band in "ugriz":
        for place in ((0, 0), (700, 1200), (1488, 2047)):
            np.testing.assert_array_equal(dirty[band].at(*place), clean[band].at(*place))


def test_a_void_psfield_falls_back_on_stars(bands):
    void = PsfModel(np.zeros((1, 51, 51)), np.zeros((1, 5, 5)))
    with pytest.raises(ImageError, match="positive sum"):
        void.at(0, 0)
    band = make_bands({"r": bands["r"].frame}, {"r": void})["r"]
    assert isinstance(band.psf, StarPsf)
    assert band.psf.at(10, 10).assumed


def test_a_broken_psfield_is_named(tmp_path):
    path = tmp_path / "psField-003918-3-0213.fit"
    make_psfield(path, FWHM)
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(FrameError, match=path.name):
        read_psfield(path)


def test_psfs_of_a_field_without_change_are_one_and_marked_assumed(bands):
    first, last = bands["g"].psf.at(0, 0), bands["g"].psf.at(200, 300)
    assert first.assumed
    assert first.fwhm_px == pytest.approx(last.fwhm_px, rel=0.02)


def drawn_frame(fwhm_at, brightest_whole=np.inf):
    """Stars whose width is ``fwhm_at(x)``; rows of the cores of brighter ones made up."""
    rng = np.random.default_rng(6)
    image = np.zeros((500, 900))
    for x, y in ((x, y) for x in range(40, 870, 45) for y in range(40, 470, 45)):
        dx, dy = rng.uniform(-0.5, 0.5, 2)
        core = star((41, 41), 20 + dx, 20 + dy, rng.uniform(500, 3000), fwhm_at(x))
        if core.max() > brightest_whole:
            core[21, 18:22] = core[20, 20] * np.array((0.3, 0.4, 0.5, 0.6))
        image[y - 20 : y + 21, x - 20 : x + 21] += core
    data, noise = noisy(image, sigma=5.0)
    ones = np.ones(900, dtype=np.float32)
    data, variance = data.astype(np.float32), (noise**2).astype(np.float32)
    return CorrectedFrame("drawn.fits", "i", data, variance, band_wcs("i", (500, 900)), ones)


def test_a_psf_that_widens_over_the_frame_is_followed():
    psf = psf_from_stars(drawn_frame(lambda x: 2.5 + 0.5 * x / 900))
    for x in (60, 450, 850):
        assert psf.at(250, x).fwhm_px == pytest.approx(2.5 + 0.5 * x / 900, rel=0.012)


def test_stars_with_rows_made_up_do_not_make_the_psf():
    whole = psf_from_stars(drawn_frame(lambda x: 2.8))
    some = psf_from_stars(drawn_frame(lambda x: 2.8, brightest_whole=1900))
    np.testing.assert_allclose(some.image, whole.image, atol=0.03 * whole.image.max())
