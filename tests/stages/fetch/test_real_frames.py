"""Real SDSS frames of ../shared/data against independent measurements."""

import csv

import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import mad_std
from astropy.table import Table
from scipy import ndimage

from clumpscope.config.fetch import FetchConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.galaxy import MaskBit
from clumpscope.core.stars import Stars
from clumpscope.ops.psf import adaptive_fwhm_px, adaptive_moments
from clumpscope.ops.sources import extract
from clumpscope.stages.fetch.cutout import Fetched, cut_galaxy
from clumpscope.stages.fetch.petrosian import aperture_flux
from clumpscope.stages.fetch.sdss.band import make_bands
from clumpscope.stages.fetch.sdss.detectors import field_noise
from clumpscope.stages.fetch.sdss.frame import read_frame
from clumpscope.stages.fetch.sdss.mask import frame_mask
from clumpscope.stages.fetch.sdss.mirror import FieldKey, open_mirror
from clumpscope.stages.fetch.sdss.psfield import read_psfield
from clumpscope.stages.fetch.sdss.stars import psf_from_stars
from clumpscope.stages.fetch.sdss.survey import Sdss
from clumpscope.stages.fetch.survey import fetch
from clumpscope.stages.fetch.targets import Target, make_targets
from places import ROOT

TARGETS = ROOT / "tests" / "data" / "sdss_targets.csv"
PIXSCALE = 0.396
MERGER = (229.5256, 42.7460)


def blank_sky_ratio(data, variance):
    """Scatter of source-free pixels over what the variance plane says."""
    noise = np.sqrt(variance)
    light = ndimage.uniform_filter(ndimage.uniform_filter(data / noise, 5), 3)
    bright = ndimage.maximum_filter(light > 0.8, 13)
    pull = (data / noise)[~bright]
    pull = pull[np.abs(pull - np.median(pull)) < 4]
    assert pull.size > 0.25 * data.size
    return float(pull.std())


@pytest.mark.parametrize("band", list("ugriz"))
@pytest.mark.parametrize("name", ["001043-5-0025", "003184-2-0169", "003918-3-0213"])
def test_blank_sky_has_the_variance_plane_s_noise(shared_frames, name, band):
    key = FieldKey(*(int(part) for part in name.split("-")))
    mirror = open_mirror(shared_frames / name)
    frame = read_frame(mirror.frames[key][band], band, field_noise(mirror, key)[band])
    assert blank_sky_ratio(frame.data, frame.variance) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("band", list("ugriz"))
def test_blank_sky_of_the_crowded_field_too(shared_psf, band):
    mirror = open_mirror(shared_psf)
    key = FieldKey(2583, 2, 136)
    frame = read_frame(mirror.frames[key][band], band, field_noise(mirror, key)[band])
    half = np.s_[:, 1024:]  # the globular cluster fills the other
    assert blank_sky_ratio(frame.data[half], frame.variance[half]) == pytest.approx(1, abs=0.15)


def test_psfield_s_widths_are_those_of_photoobj(shared_psf):
    models = read_psfield(shared_psf / "psField-003900-6-0269.fit")
    objects = fits.getdata(shared_psf / "photoObj-003900-6-0269.fits", 1)
    chosen = objects[np.random.default_rng(2).choice(len(objects), 60, replace=False)]
    for column, band in enumerate("ugriz"):
        ratios = []
        for item in chosen:
            # ROWC and COLC count the first pixel's centre as 0.5.
            row, col = item["ROWC"][column] - 0.5, item["COLC"][column] - 0.5
            if item["PSF_FWHM"][column] > 0:
                fwhm = adaptive_fwhm_px(models[band].at(row, col)) * PIXSCALE
                ratios.append(fwhm / item["PSF_FWHM"][column])
        assert np.median(ratios) == pytest.approx(1, abs=0.01)
        assert np.abs(np.array(ratios) - 1).max() < 0.02


@pytest.mark.parametrize("band", list("ugriz"))
def test_stars_and_psfield_agree_on_the_crowded_field(shared_psf, band):
    mirror = open_mirror(shared_psf)
    key = FieldKey(2583, 2, 136)
    frame = read_frame(mirror.frames[key][band], band, field_noise(mirror, key)[band])
    model = read_psfield(mirror.psfields[key])[band]
    places = [(row, col) for row in (200, 750, 1300) for col in (300, 1000, 1700)]
    told = np.median([adaptive_fwhm_px(model.at(*place)) for place in places])
    stars = psf_from_stars(frame)
    assert stars.n_stars >= 30
    assert stars.fwhm_px == pytest.approx(told, rel=0.05)


def test_stars_of_photoobj_are_found_as_wide_as_its_psf(shared_psf):
    mirror = open_mirror(shared_psf)
    key = FieldKey(3900, 6, 269)
    frame = read_frame(mirror.frames[key]["u"], "u", field_noise(mirror, key)["u"])
    objects = fits.getdata(shared_psf / "photoObj-003900-6-0269.fits", 1)
    told = objects["PSF_FWHM"][:, 0]
    assert psf_from_stars(frame).fwhm_px * PIXSCALE == pytest.approx(
        np.median(told[told > 0]), rel=0.04
    )


@pytest.fixture(scope="module")
def photo(shared_psf):
    """The u frame of 3900-6-269 and photoObj's objects on it, 40 px off the rim."""
    mirror = open_mirror(shared_psf)
    key = FieldKey(3900, 6, 269)
    frame = read_frame(mirror.frames[key]["u"], "u", field_noise(mirror, key)["u"])
    objects = fits.getdata(shared_psf / "photoObj-003900-6-0269.fits", 1)
    xy = np.column_stack([objects["COLC"][:, 0], objects["ROWC"][:, 0]]) - 0.5
    inside = (xy > 40).all(axis=1) & (xy < np.array(frame.data.shape[::-1]) - 40).all(axis=1)
    return frame, objects[inside], xy[inside]


def significance(objects, kind):
    return objects[f"{kind}FLUX"][:, 0] * np.sqrt(np.maximum(objects[f"{kind}FLUX_IVAR"][:, 0], 0))


def test_pixels_are_those_of_photoobj(photo):
    """By the sky: photoObj's RA and Dec through the frame's WCS against its rows and columns."""
    frame, objects, xy = photo
    stars = (significance(objects, "PSF") > 20) & (objects["OBJC_TYPE"] == 6)
    stars &= objects["NCHILD"] == 0
    sky = np.column_stack([objects["RA"], objects["DEC"]])[stars]
    offset = sky_to_native(sky, frame.wcs) - xy[stars]
    middle = np.median(offset, axis=0)
    assert np.count_nonzero(stars) > 15
    assert np.abs(middle).max() < 0.05
    assert np.median(np.abs(offset - middle), axis=0).max() <= 0.15


def test_stars_lie_on_photoobj_s_pixels(photo):
    """By their light: u stars lie 0.06 and 0.09 px beside; a half-pixel slip would be 0.5."""
    frame, objects, xy = photo
    stars = (significance(objects, "PSF") > 20) & (objects["OBJC_TYPE"] == 6)
    offsets = []
    for x, y in xy[stars & (objects["NCHILD"] == 0)]:
        x0, y0 = round(float(x)), round(float(y))
        stamp = frame.data[y0 - 10 : y0 + 11, x0 - 10 : x0 + 11]
        _, cx, cy, _ = adaptive_moments(stamp - np.median(stamp), (x - x0 + 10, y - y0 + 10))
        offsets.append([cx + x0 - 10 - x, cy + y0 - 10 - y])
    offset = np.array(offsets)[np.isfinite(offsets).all(axis=1)]
    middle = np.median(offset, axis=0)
    assert np.abs(middle).max() < 0.12
    assert np.median(np.abs(offset - middle), axis=0).max() <= 0.15


def test_petrosian_fluxes_are_those_of_photoobj(photo):
    """Through photo's own r apertures; no single galaxy of the frame reaches u S/N 20."""
    frame, objects, xy = photo
    theta = objects["PETROTHETA"][:, 2] / PIXSCALE
    chosen = (objects["OBJC_TYPE"] == 3) & (objects["NCHILD"] == 0) & (objects["PARENT"] < 0)
    chosen &= (significance(objects, "PETRO") > 9) & (objects["PETROTHETAERR"][:, 2] > 0)
    chosen &= (xy > 3 * theta[:, None]).all(axis=1) & (theta < 20)
    ratios = []
    for index in np.flatnonzero(chosen):
        flux, _ = aperture_flux(
            frame.data, frame.variance, np.isfinite(frame.data), *xy[index], 2 * theta[index]
        )
        ratios.append(flux / objects["PETROFLUX"][index, 0])
    assert len(ratios) >= 2
    assert np.mean(ratios) == pytest.approx(1, abs=0.05)


def test_saturated_stars_are_masked_and_unsaturated_ones_are_not(shared_frames):
    mirror = open_mirror(shared_frames / "001043-5-0025")
    key = FieldKey(1043, 5, 25)
    frame = read_frame(mirror.frames[key]["i"], "i", field_noise(mirror, key)["i"])
    mask = frame_mask(frame, psf_from_stars(frame))
    # Looked at: interpolated cores, and stars that are whole.
    for x, y in ((1996, 1422), (64, 299), (1481, 1117), (754, 1331), (73, 668)):
        assert (mask[y - 1 : y + 2, x - 1 : x + 2] & MaskBit.SATURATED).all(), (x, y)
    for x, y in ((1903, 1422), (1445, 426), (1269, 835), (731, 95), (979, 275)):
        assert not mask[y - 3 : y + 4, x - 3 : x + 4].any(), (x, y)
    trail = mask[1340:1390, 1990:1998] & MaskBit.SATURATED
    assert trail.any(axis=1).all()
    assert np.count_nonzero(mask & MaskBit.COSMIC_RAY) < 100
    assert np.count_nonzero(mask) < 0.01 * mask.size


def test_the_merger_is_cut_out_whole(merger_field):
    result = cut_galaxy(
        Target("merger", *MERGER, {}), merger_field, "r", Stars.none(SDSS_BANDS), FetchConfig()
    )
    assert isinstance(result, Fetched)
    host = result.host
    magnitudes = {b: 22.5 - 2.5 * np.log10(host[f"petro_flux_{b}"]) for b in "ugriz"}
    assert magnitudes["r"] == pytest.approx(14.26, abs=0.05)
    colours = -np.diff(list(magnitudes.values()))
    np.testing.assert_allclose(colours, [1.19, 0.51, 0.34, 0.23], atol=0.05)  # blue: star-forming
    assert 75 < host["field_arcsec"] < 100
    for plane in result.image.bands.values():  # no knot or nucleus is taken for a defect
        assert np.count_nonzero(plane.mask) < 50
    for band, width in zip("ugriz", (1.39, 1.23, 1.19, 1.08, 1.07), strict=True):
        assert result.image[band].psf_fwhm_arcsec == pytest.approx(width, rel=0.02)


def test_stars_stand_at_one_place_in_all_resampled_bands(merger_field):
    """The resampled bands' stars against the r band's, where the frames differ by 10 px."""
    r = merger_field["r"].frame
    found, _ = extract(r.data, np.sqrt(r.variance), 30.0, contrast=0.001)
    found = found[(found["flag"] == 0) & (found["flux"] < 100) & (found["flux"] > 20)]
    inside = (np.abs(found["x"] - 1024) < 950) & (np.abs(found["y"] - 744) < 670)
    round_ones = found[inside & (found["a"] < 1.15 * found["b"])][:25]
    known = dict.fromkeys(("petro_r50_arcsec", "petro_r90_arcsec"), 1.0)
    offsets = {band: [] for band in "giz"}
    for star in round_ones:
        sky = native_to_sky([star["x"], star["y"]], r.wcs)[0]
        image = cut_galaxy(
            Target("star", *sky, known),
            merger_field,
            "r",
            Stars.none(SDSS_BANDS),
            FetchConfig(),
            20.0,
        ).image
        x0, y0 = sky_to_native(sky, image.wcs)[0]
        for band, moved in offsets.items():
            stamp = (
                image[band]
                .data[round(y0) - 5 : round(y0) + 6, round(x0) - 5 : round(x0) + 6]
                .astype(float)
            )
            rows, cols = np.indices(stamp.shape)
            weight = np.exp(-((cols - 5) ** 2 + (rows - 5) ** 2) / 2 / 1.5**2) * stamp
            ref = (
                image["r"]
                .data[round(y0) - 5 : round(y0) + 6, round(x0) - 5 : round(x0) + 6]
                .astype(float)
            )
            other = np.exp(-((cols - 5) ** 2 + (rows - 5) ** 2) / 2 / 1.5**2) * ref
            moved.append(
                [
                    (axis * weight).sum() / weight.sum() - (axis * other).sum() / other.sum()
                    for axis in (cols, rows)
                ]
            )
    for band, moved in offsets.items():
        # SDSS's bands agree to about 0.03"; a half-pixel slip would be 0.2".
        assert np.abs(np.median(moved, axis=0)).max() * 2 * PIXSCALE < 0.05, band
        assert len(moved) >= 15


def test_every_bright_galaxy_of_the_list_is_fetched(shared_frames):
    """One field of the list, whose galaxies lie by a saturated star or have a companion."""
    with TARGETS.open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["field"] == "1043-5-25"]
    targets = make_targets(Table(rows=rows, names=list(rows[0])) if rows else Table())
    mirror = open_mirror(shared_frames / "001043-5-0025")
    results = list(fetch(Sdss(mirror), targets, FetchConfig()))
    assert [r.image.galaxy_id for r in results] == [row["galaxy_id"] for row in rows]
    for result in results:
        host = result.host
        magnitude = 22.5 - 2.5 * np.log10(host["petro_flux_r"])
        assert 13 < magnitude < 18.05
        assert 1.4 < host["petro_r50_arcsec"] < host["petro_r90_arcsec"] < 12
        ratio = host["petro_r90_arcsec"] / host["petro_r50_arcsec"]
        assert 2 < ratio < 4
        assert 0.2 < host["axis_ratio"] <= 1
        for band in "griz":
            # One lies in the glare of a saturated star, and its errors say so.
            assert host[f"petro_flux_{band}"] > 5 * host[f"petro_flux_err_{band}"]
        sky = result.image["r"].data[result.image["r"].good]
        assert mad_std(sky) < 0.1


def test_a_field_with_psfield_takes_its_psf_from_it(shared_psf):
    mirror = open_mirror(shared_psf)
    key = FieldKey(2583, 2, 136)
    frame = read_frame(mirror.frames[key]["z"], "z", field_noise(mirror, key)["z"])
    model = read_psfield(mirror.psfields[key])["z"]
    psf = make_bands({"z": frame}, {"z": model})["z"].psf.at(700, 1700)
    assert not psf.assumed
    assert psf.fwhm_px * PIXSCALE == pytest.approx(1.02, rel=0.02)
