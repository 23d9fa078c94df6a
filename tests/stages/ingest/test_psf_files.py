import galsim
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from clumpscope.core.frames import native_to_sky
from clumpscope.errors import ImageError
from clumpscope.ops.psf_image import psf_moments
from clumpscope.stages.ingest.psf_files import psf_in
from clumpscope.stages.ingest.psfex import PsfexPsf
from places import SHARED
from psf_scenes import SCALE, blank, drawn, unit

HSC = SHARED / "hsc" / "psf_hsc_ra150.24071_dec2.06514.fits"
FRAME = blank()
MODEL = galsim.Moffat(3.0, fwhm=3.0)
XY = np.array([(30.0, 40.0), (330.0, 40.0), (30.0, 260.0), (330.0, 260.0)])
WIDTHS = (2.8, 3.0, 3.2, 3.4)


def models():
    return [galsim.Gaussian(fwhm=fwhm) for fwhm in WIDTHS]


def image_hdu(data, name="", **cards):
    hdu = fits.ImageHDU(np.asarray(data, dtype=np.float32), name=name or None)
    hdu.header.update(cards)
    return hdu


def table_hdu(**columns):
    return fits.BinTableHDU(Table(columns))


def check_places(psf, finer=1.0):
    """That each place has its own width."""
    for (x, y), model in zip(XY, models(), strict=True):
        found = psf.at(y, x)
        truth = drawn(model, len(found.image))
        assert found.fwhm_px == pytest.approx(psf_moments(truth)[0], rel=0.003)
        np.testing.assert_allclose(found.image, unit(truth), atol=0.004 * truth.max())


def check_one(psf):
    found = psf.at(1, 2)
    np.testing.assert_allclose(
        found.image, unit(drawn(MODEL, len(found.image))), atol=0.004 * found.image.max()
    )


def test_one_image():
    psf, said = psf_in([fits.PrimaryHDU(), image_hdu(drawn(MODEL, 42))], FRAME, "psf.fits")
    check_one(psf)
    assert said == "PSF image of psf.fits"


def test_of_several_images_that_of_the_band():
    other = image_hdu(drawn(galsim.Gaussian(fwhm=5)), FILTER="g")
    for mine in (image_hdu(drawn(MODEL), BAND="r"), image_hdu(drawn(MODEL), EXTNAME="r")):
        check_one(psf_in([other, mine], FRAME, "psf.fits")[0])
    with pytest.raises(ImageError, match=r"psf.fits: expected one PSF image, or one of band r"):
        psf_in([other, other], FRAME, "psf.fits")


def test_of_stpsf_the_finest_with_the_detector_s_effects():
    hdus = [
        image_hdu(drawn(galsim.Gaussian(fwhm=9.0), 164, 4), "OVERSAMP", OVERSAMP=4),
        image_hdu(drawn(galsim.Gaussian(fwhm=9.0), 41), "DET_SAMP", OVERSAMP=1),
        image_hdu(drawn(MODEL, 164, 4), "OVERDIST", OVERSAMP=4, DET_SAMP=4),
    ]
    check_one(psf_in(hdus, FRAME, "psf.fits")[0])
    # A mosaic's pixels are not the detector's: arcsec tell.
    hdus[2].header.update({"PIXELSCL": SCALE / 4, "OVERSAMP": 3})
    check_one(psf_in(hdus, FRAME, "psf.fits")[0])


def test_a_plane_of_a_cube():
    cube = [image_hdu([drawn(galsim.Gaussian(fwhm=5)), drawn(MODEL)])]
    check_one(psf_in(cube, FRAME, "psf.fits", plane=1)[0])
    check_one(psf_in([image_hdu([drawn(MODEL)])], FRAME, "psf.fits")[0])
    with pytest.raises(ImageError, match="plane 2 of a cube"):
        psf_in(cube, FRAME, "psf.fits", plane=2)


def test_a_cube_without_places_is_refused():
    with pytest.raises(ImageError, match=r"a place for each.*which plane is the band's"):
        psf_in([image_hdu([drawn(MODEL)] * 3)], FRAME, "psf.fits")


def test_a_grid_of_stpsf():
    cards = {f"DET_YX{k}": f"({y}, {x})" for k, (x, y) in enumerate(XY)} | {"OVERSAMP": 4}
    cube = image_hdu([drawn(model, 164, 4, effective=True) for model in models()], **cards)
    psf, said = psf_in([cube], FRAME, "grid.fits")
    check_places(psf)
    assert said == "4 PSFs by place of grid.fits"
    del cube.header["DET_YX3"]
    with pytest.raises(ImageError, match="DET_YX0 to DET_YX3"):
        psf_in([cube], FRAME, "grid.fits")


def test_a_grid_of_stdpsf():
    cards = {"NXPSFS": 2, "NYPSFS": 2, "IPSFX01": 31, "IPSFX02": 331, "JPSFY01": 41, "JPSFY02": 261}
    cube = image_hdu([drawn(model, 161, 4, effective=True) for model in models()], **cards)
    check_places(psf_in([cube], FRAME, "STDPSF.fits")[0])


@pytest.mark.parametrize("sky", [True, False])
def test_a_cube_with_a_table_of_places(sky):
    if sky:
        ra, dec = native_to_sky(XY, FRAME.wcs).T
        table = table_hdu(RA=ra, Dec=dec, X=ra * 0, Y=ra * 0)
    else:
        table = table_hdu(X_IMAGE=XY[:, 0] + 1, Y_IMAGE=XY[:, 1] + 1)
    cube = image_hdu([drawn(model) for model in models()])
    check_places(psf_in([cube, table], FRAME, "psfs.fits")[0])


def test_a_table_with_an_image_a_row():
    stamps = np.array([drawn(model) for model in models()], dtype=np.float32)
    table = table_hdu(x=XY[:, 0] + 1, y=XY[:, 1] + 1, PSF=stamps)
    check_places(psf_in([fits.PrimaryHDU(), table], FRAME, "psfs.fits")[0])


@pytest.mark.parametrize(("side", "first"), [(33, 0), (33, 1), (42, 0), (42, 1)])
def test_a_plane_of_stamps_as_euclid_s(side, first):
    order = [2, 0, 3, 1]  # rows of the table are not the stamps' order
    stamps = np.zeros((2 * side, 3 * side))
    centres = []
    for n, model in enumerate(models()):
        row, col = divmod(n, 3)
        stamps[row * side : (row + 1) * side, col * side : (col + 1) * side] = drawn(model, side)
        centres.append((col * side + (side - 1) // 2, row * side + (side - 1) // 2))
    centres = np.array(centres)[order] + first
    ra, dec = native_to_sky(XY[order], FRAME.wcs).T
    table = table_hdu(x_center=centres[:, 0], y_center=centres[:, 1], RA=ra, Dec=dec, FWHM=ra * 0)
    check_places(psf_in([image_hdu(stamps, STMPSIZE=side), table], FRAME, "grid.fits")[0])
    with pytest.raises(ImageError, match="STMPSIZE"):
        psf_in([image_hdu(stamps, STMPSIZE=1000), table], FRAME, "grid.fits")
    with pytest.raises(ImageError, match="x_center and y_center within"):
        psf_in([image_hdu(stamps[:side], STMPSIZE=side), table], FRAME, "grid.fits")


def test_a_psfex_model_is_known_by_its_column():
    basis = drawn(MODEL, 51, effective=True)[None]
    column = fits.Column("PSF_MASK", "2601E", dim="(51,51,1)", array=[basis])
    hdu = fits.BinTableHDU.from_columns([column])
    psf, said = psf_in([fits.PrimaryHDU(), hdu], FRAME, "r.psf")
    assert isinstance(psf, PsfexPsf)
    assert said == "PSFEx model of r.psf"
    check_one(psf)
    with pytest.raises(ImageError, match="one PSFEx model, got 2"):
        psf_in([hdu, hdu], FRAME, "r.psf")


@pytest.mark.parametrize(
    "hdus",
    [
        [],
        [fits.PrimaryHDU()],
        [table_hdu(x=[1.0], y=[2.0])],
        [image_hdu(np.ones(9))],
        [image_hdu(np.zeros((9, 9)))],
        [image_hdu([drawn(MODEL)] * 2), table_hdu(a=[1.0, 2.0])],
        [image_hdu(drawn(MODEL), OVERSAMP="four")],
    ],
)
def test_what_holds_no_psf_is_refused_by_name(hdus):
    with pytest.raises(ImageError, match="^psf.fits"):
        psf_in(hdus, FRAME, "psf.fits")


@pytest.mark.skipif(not HSC.exists(), reason=f"no real HSC PSFs in {HSC}")
def test_the_real_hsc_cube_by_plane():
    with fits.open(HSC) as hdus:
        for plane, width in enumerate((4.912, 4.448, 4.150, 3.852, 4.669)):
            psf, _ = psf_in(list(hdus), FRAME, "psf.fits", plane)
            assert psf.at(0, 0).fwhm_px == pytest.approx(width, rel=1e-3)
