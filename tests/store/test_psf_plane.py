import galsim
import numpy as np
import pytest

import scenes
from builders import tan_wcs
from clumpscope.config.run import MeasureConfig
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.errors import ImageError
from clumpscope.ops.psf import adaptive_fwhm_px
from clumpscope.stages.fetch.sdss.psfield import read_psfield
from clumpscope.stages.measure import measure
from clumpscope.store.images import read_galaxy, write_galaxy
from clumpscope.store.psf_plane import read_psf
from fits_files import by_hand, extra
from places import SHARED

PSFIELDS = SHARED / "sdss_psf"

MODEL = galsim.Moffat(beta=3.0, fwhm=3.0)
WIDTH = adaptive_fwhm_px(MODEL.drawImage(nx=41, ny=41, scale=1).array)
SHAPE = (80, 80)
XY = np.array([[25.3, 24.6], [55.0, 50.5]])
FLUX = 10.0


def drawn(dx=0.0, dy=0.0, side=41, finer=1):
    image = MODEL.shift(dx, dy).drawImage(nx=side, ny=side, scale=1 / finer).array
    return (image / image.sum()).astype(np.float32)


def stars():
    """Two stars of `MODEL` without noise, and their true PSF."""
    data = np.zeros(SHAPE)
    for x, y in XY:
        at = MODEL.shift(x - 39.5, y - 39.5)
        data += FLUX * at.drawImage(nx=SHAPE[1], ny=SHAPE[0], scale=1).array
    wcs = scenes.make_wcs(SHAPE)
    return BandImage(
        data=data.astype(np.float32),
        variance=np.full(SHAPE, 0.0004, np.float32),
        mask=np.zeros(SHAPE, np.uint8),
        wcs=wcs,
        psf_fwhm_arcsec=WIDTH * scenes.PIXSCALE,
        psf=drawn(),
    )


def measured(path):
    nowhere = np.zeros(SHAPE, dtype=bool)
    config = MeasureConfig(bands=("r",))
    return measure(read_galaxy(path), XY, config, nowhere, star=False).flux[:, 0]


@pytest.mark.parametrize("off", [(1, 0), (2, 0), (2, 2), (0.5, -0.5)])
def test_fluxes_do_not_depend_on_where_the_psf_lies_in_its_image(tmp_path, off):
    plane = stars()
    write_galaxy(tmp_path / "true.fits", GalaxyImage("true", {"r": plane}))
    true = measured(tmp_path / "true.fits")
    assert true == pytest.approx(FLUX, rel=0.01)
    wrong = BandImage(**{**vars(plane), "psf": drawn(*off)})
    write_galaxy(tmp_path / "off.fits", GalaxyImage("off", {"r": wrong}))
    assert measured(tmp_path / "off.fits") == pytest.approx(true, rel=0.005)


def by_hand_with(path, image, **cards):
    hdu = extra("r_PSF", image)
    hdu.header.update(cards)
    return by_hand(path, "r", lambda hdus: hdus.append(hdu), PSFFWHM=WIDTH * 0.396)


@pytest.mark.parametrize(
    ("image", "cards"),
    [(drawn(side=42), {}), (drawn(side=123, finer=3), {"OVERSAMP": 3}), (7 * drawn(), {})],
)
def test_even_sides_finer_pixels_and_any_sum_are_brought_to_the_grid(tmp_path, image, cards):
    found = read_galaxy(by_hand_with(tmp_path / "a.fits", image, **cards))["r"]
    assert found.psf.shape == (41, 41)
    np.testing.assert_allclose(found.psf, drawn(), atol=0.005 * drawn().max())
    assert found.psf_fwhm_arcsec == WIDTH * 0.396
    assert not found.psf_assumed


@pytest.mark.parametrize("off", [0.0, 0.03])
def test_a_good_image_stays_bit_for_bit(tmp_path, off):
    image = drawn(off, -off)
    found = read_galaxy(by_hand_with(tmp_path / "a.fits", image))["r"]
    np.testing.assert_array_equal(found.psf, image)


def test_without_a_wcs_the_widths_are_not_compared():
    image, width, doubtful = read_psf("r", extra("r_PSF", drawn()), 99.0, None, said=True)
    np.testing.assert_array_equal(image, drawn())
    assert (width, doubtful) == (99.0, False)
    assert read_psf("r", None, 1.3, tan_wcs(), said=True) == (None, 1.3, False)


@pytest.mark.parametrize(
    ("ratio", "said", "counts"), [(1.15, True, False), (1.3, True, True), (4.0, False, True)]
)
def test_the_image_tells_the_width_if_the_header_is_off(ratio, said, counts):
    true, wcs = WIDTH * 0.396, tan_wcs()
    for claim in (true * ratio, true / ratio):
        _, width, doubtful = read_psf("r", extra("r_PSF", drawn()), claim, wcs, said=said)
        assert width == pytest.approx(true if counts else claim, rel=1e-3)
        assert doubtful == counts


@pytest.mark.parametrize("ratio", [0.6, 2.5, 4.0])
def test_a_width_that_is_not_the_image_s_is_refused(ratio):
    with pytest.raises(ImageError, match=r"band r PSFFWHM: expected that of r_PSF.*OVERSAMP"):
        read_psf("r", extra("r_PSF", drawn()), WIDTH * 0.396 * ratio, tan_wcs(), said=True)


@pytest.mark.parametrize("samples", ["four", 0, -1.0, 1000])
def test_an_oversampling_that_is_none_is_refused(samples):
    hdu = extra("r_PSF", drawn())
    hdu.header["OVERSAMP"] = samples
    with pytest.raises(ImageError, match="band r psf"):
        read_psf("r", hdu, WIDTH * 0.396, tan_wcs(), said=True)


@pytest.mark.skipif(not PSFIELDS.is_dir(), reason=f"no real psField files in {PSFIELDS}")
@pytest.mark.parametrize("band", list("ugriz"))
def test_sdss_s_own_images_stay_bit_for_bit(band):
    for path in sorted(PSFIELDS.rglob("psField*")):
        model = read_psfield(path)[band]
        for row, col in ((100, 100), (700, 1000), (1400, 1900)):
            image = model.at(row, col)
            width = adaptive_fwhm_px(image) * 0.396
            found = read_psf(band, extra(f"{band}_PSF", image), width, tan_wcs(), said=True)
            np.testing.assert_array_equal(found[0], image)
            assert found[1:] == (width, False)
