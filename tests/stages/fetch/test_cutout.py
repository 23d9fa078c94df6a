import bz2
import shutil

import numpy as np
import pytest
import sep
from astropy.io import fits
from astropy.table import Table

from clumpscope.config.fetch import FetchConfig
from clumpscope.core.frames import sky_to_native
from clumpscope.core.galaxy import MaskBit
from clumpscope.core.records import HOSTS, record_table
from clumpscope.ops import fits_file
from clumpscope.stages.fetch import cutout, survey
from clumpscope.stages.fetch.cutout import Fetched, FetchFailure
from clumpscope.stages.fetch.registry import open_survey
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.images import read_galaxy, write_galaxy
from sdss_mirror import COLOUR, FWHM, PIXSCALE, Source, make_field, make_psfield

CONFIG = FetchConfig()


def fetch(folder, targets, config=CONFIG, size=None):
    opened = open_survey("sdss", folder)
    return list(survey.fetch(opened, make_targets(Table(targets)), config, size))


def at(drawn, *sources, **columns):
    ra, dec = zip(*(drawn.sky(source) for source in sources), strict=True)
    names = [f"g{n}" for n in range(len(sources))]
    return {"galaxy_id": names, "ra": ra, "dec": dec, **columns}


@pytest.fixture(scope="module")
def galaxy(field):
    folder, drawn = field
    (result,) = fetch(folder, at(drawn, drawn.sources[0]))
    return drawn, result


def test_a_galaxy_comes_in_five_bands_on_the_r_grid(galaxy):
    _, result = galaxy
    assert isinstance(result, Fetched)
    image = result.image
    assert tuple(image.bands) == tuple("ugriz")
    ny, nx = image.shape
    assert ny == nx
    assert ny % 2 == 1
    x, y = sky_to_native([image.ra, image.dec], image.wcs)[0]
    assert (x, y) == (pytest.approx(nx // 2, abs=0.51), pytest.approx(ny // 2, abs=0.51))
    for band in "ugriz":
        plane = image[band]
        assert plane.data.dtype == plane.variance.dtype == np.float32
        assert plane.variance.min() > 0
        assert plane.psf_assumed
        assert not plane.noise_assumed
        drawn_fwhm = np.sqrt(FWHM[band] ** 2 + (2.3548 * PIXSCALE) ** 2 / 12)
        assert plane.psf_fwhm_arcsec == pytest.approx(drawn_fwhm, rel=0.01)


def test_r_pixels_are_the_frame_s_own(field, galaxy):
    folder, drawn = field
    path = next(folder.rglob("frame-r-*"))
    pixels = fits.getdata(path)
    image = galaxy[1].image
    x, y = (round(v) for v in drawn.wcs["r"].wcs_world2pix([[image.ra, image.dec]], 0)[0])
    half = image.shape[0] // 2
    window = pixels[y - half : y + half + 1, x - half : x + half + 1]
    np.testing.assert_array_equal(image["r"].data, window)


def test_the_host_table_has_every_column_and_what_was_drawn(galaxy):
    drawn, result = galaxy
    source, host = drawn.sources[0], result.host
    assert list(host) == [spec.name for spec in HOSTS]
    assert len(record_table(HOSTS, {name: [value] for name, value in host.items()})) == 1
    for band in "ugriz":
        flux, error = host[f"petro_flux_{band}"], host[f"petro_flux_err_{band}"]
        assert abs(flux - 0.994 * source.flux * COLOUR[band]) < 4 * error
        assert error < 0.12 * flux
        assert host[f"psf_fwhm_{band}"] == result.image[band].psf_fwhm_arcsec
    # An exponential disk of 1.2": R50 2.0" and R90 4.6", widened by a PSF of 1.3".
    assert host["petro_r50_arcsec"] == pytest.approx(2.12, abs=0.15)
    assert host["petro_r90_arcsec"] == pytest.approx(4.75, abs=0.35)
    assert host["axis_ratio"] > 0.9
    assert host["pixscale_arcsec"] == pytest.approx(PIXSCALE, rel=1e-4)
    side = result.image.shape[0] * PIXSCALE
    assert host["field_arcsec"] == pytest.approx(side, rel=1e-3)
    assert side == pytest.approx(6 * host["petro_r90_arcsec"], abs=PIXSCALE)
    assert np.isnan(host["redshift"])


def test_stars_stand_at_one_place_in_all_bands_and_keep_their_flux(field):
    folder, drawn = field
    star = next(s for s in drawn.sources if not s.scale and abs(s.x - 165) + abs(s.y - 140) > 80)
    (result,) = fetch(folder, at(drawn, star), size=25.0)
    image = result.image
    expected = sky_to_native([drawn.sky(star)], image.wcs)[0]
    for band in "ugriz":
        plane = image[band]
        x, y, _ = sep.winpos(
            plane.data.astype(float), [expected[0]], [expected[1]], [FWHM[band] / PIXSCALE / 2.35]
        )
        # Noise alone moves a centroid by FWHM / (2.35 S/N).
        noise = 5 * FWHM[band] / PIXSCALE / 2.35 * np.sqrt(plane.variance.mean() * 40)
        slack = noise / (star.flux * COLOUR[band]) + 0.01
        assert np.hypot(x[0] - expected[0], y[0] - expected[1]) < slack, band
        flux, error, _ = sep.sum_circle(
            plane.data, [expected[0]], [expected[1]], [10.0], var=plane.variance, subpix=0
        )
        assert abs(flux[0] - star.flux * COLOUR[band]) < 4 * error[0] + 2e-3 * flux[0]


def test_a_cutout_survives_the_store(galaxy, tmp_path):
    image = galaxy[1].image
    write_galaxy(tmp_path / "g0.fits", image)
    back = read_galaxy(tmp_path / "g0.fits")
    for band in "ugriz":
        np.testing.assert_array_equal(back[band].data, image[band].data)
        np.testing.assert_array_equal(back[band].mask, image[band].mask)
        np.testing.assert_allclose(
            sky_to_native([image.ra, image.dec], back[band].wcs),
            sky_to_native([image.ra, image.dec], image[band].wcs),
            atol=1e-5,
        )


def test_what_the_list_knows_is_kept_and_only_the_rest_measured(field, monkeypatch):
    folder, drawn = field
    known = {"petro_r90_arcsec": [5.0], "petro_flux_u": [123.0], "redshift": [0.05]}
    (result,) = fetch(folder, at(drawn, drawn.sources[0], **known))
    assert result.host["petro_r90_arcsec"] == 5.0
    assert result.host["petro_flux_u"] == 123.0
    assert result.host["redshift"] == 0.05
    assert result.host["petro_r50_arcsec"] == pytest.approx(2.1, abs=0.2)
    assert result.image.shape[0] * PIXSCALE == pytest.approx(30, abs=PIXSCALE)
    # With all known, nothing is measured.
    all_known = {name: [1.0] for name in cutout.measured("ugriz")}
    monkeypatch.delattr(cutout, "measure_host")
    (result,) = fetch(folder, at(drawn, drawn.sources[0], **all_known))
    assert result.host["axis_ratio"] == 1.0


@pytest.mark.parametrize(("r90", "side"), [(1.0, 20.0), (7.0, 42.0), (100.0, 60.0)])
def test_the_side_is_six_r90_within_limits(field, r90, side):
    folder, drawn = field
    config = FetchConfig(min_size_arcsec=20, max_size_arcsec=60)
    (result,) = fetch(folder, at(drawn, drawn.sources[0], petro_r90_arcsec=[r90]), config)
    assert result.host["field_arcsec"] == pytest.approx(side, abs=PIXSCALE)


def test_size_overrides_and_blank_sky_has_the_smallest_side(field):
    folder, drawn = field
    blank = Source(110.0, 165.0, 0.0)
    (result,) = fetch(folder, at(drawn, drawn.sources[0]), size=33.0)
    assert result.host["field_arcsec"] == pytest.approx(33, abs=PIXSCALE)
    (result,) = fetch(folder, at(drawn, blank), FetchConfig(min_size_arcsec=12))
    assert result.host["field_arcsec"] == pytest.approx(12, abs=PIXSCALE)
    assert np.isnan(result.host["petro_r90_arcsec"])
    assert np.isnan(result.host["petro_flux_r"])


def test_a_cutout_partly_off_the_frame_is_padded(field):
    folder, drawn = field
    (result,) = fetch(folder, at(drawn, Source(4.0, 150.0, 0.0)), size=20.0)
    nx = result.image.shape[1]
    for band in "ugriz":
        plane = result.image[band]
        off = (plane.mask & MaskBit.NO_DATA) > 0
        assert off[:, : nx // 2 - 10].all()
        assert not off[:, nx // 2 + 8 :].any()
        assert not plane.data[off].any()


def test_each_frame_is_read_once_for_all_its_targets(field, monkeypatch):
    folder, drawn = field
    read = []
    plain = fits_file.unpacked

    def counted(path, *bounds):
        read.append(path.name)
        return plain(path, *bounds)

    monkeypatch.setattr(fits_file, "unpacked", counted)
    results = fetch(folder, at(drawn, *drawn.sources[:6]), size=20.0)
    assert len(results) == 6
    assert all(isinstance(result, Fetched) for result in results)
    assert sorted(read) == sorted(drawn.name(band) + ".bz2" for band in "ugriz")


@pytest.fixture
def two_fields(tmp_path):
    """Field 1, whole, and field 2 a degree away, to be damaged."""
    shape = (170, 190)
    first = make_field(tmp_path / "a", field=1, shape=shape, compress=False)
    second = make_field(tmp_path / "b", field=2, shape=shape, ra=151.0, compress=True)
    middle = Source(shape[1] / 2, shape[0] / 2, 0.0)
    places = [first.sky(middle), second.sky(middle)]
    targets = {
        "galaxy_id": ["good", "bad"],
        "ra": [p[0] for p in places],
        "dec": [p[1] for p in places],
    }
    return tmp_path, targets


def outcome(folder, targets):
    results = fetch(folder, targets, size=20.0)
    good = [r.image.galaxy_id for r in results if isinstance(r, Fetched)]
    failed = {r.galaxy_id: r for r in results if isinstance(r, FetchFailure)}
    assert good == ["good"]
    assert failed["bad"].stage == "fetch"
    return failed["bad"].error


def test_a_missing_band_fails_its_field_and_the_others_go_on(two_fields):
    folder, targets = two_fields
    (folder / "b" / "frame-z-003918-3-0002.fits.bz2").unlink()
    error = outcome(folder, targets)
    assert "3918-3-2" in error
    assert "no ['z']" in error


def test_a_truncated_bz2_fails_its_field_and_the_others_go_on(two_fields):
    folder, targets = two_fields
    path = folder / "b" / "frame-i-003918-3-0002.fits.bz2"
    path.write_bytes(path.read_bytes()[:-5000])
    assert path.name in outcome(folder, targets)


def test_a_missing_hdu_fails_its_field_and_the_others_go_on(two_fields):
    folder, targets = two_fields
    path = folder / "b" / "frame-g-003918-3-0002.fits.bz2"
    with fits.open(path) as hdus:
        hdus[:2].writeto(folder / "short.fits")
    path.write_bytes(bz2.compress((folder / "short.fits").read_bytes()))
    error = outcome(folder, targets)
    assert path.name in error
    assert "got 2 HDUs" in error


def test_a_broken_psfield_fails_its_field_and_the_others_go_on(two_fields):
    folder, targets = two_fields
    (folder / "b" / "psField-003918-3-0002.fit").write_bytes(b"not FITS")
    assert "psField-003918-3-0002.fit" in outcome(folder, targets)


def test_a_field_without_stars_fails_and_the_others_go_on(two_fields):
    folder, targets = two_fields
    shutil.rmtree(folder / "b")
    make_field(folder / "b", (), field=2, shape=(170, 190), ra=151.0)
    assert "isolated stars" in outcome(folder, targets)


def test_a_target_off_all_frames_is_a_failure_row(two_fields):
    folder, targets = two_fields
    targets["ra"] = [targets["ra"][0], 10.0]
    assert "off all 2 fields" in outcome(folder, targets)


def test_psfield_s_psf_is_not_assumed(tmp_path):
    drawn = make_field(tmp_path)
    make_psfield(tmp_path / "psField-003918-3-0213.fit", FWHM)
    (result,) = fetch(tmp_path, at(drawn, drawn.sources[7]), size=20.0)
    for band in "ugriz":
        plane = result.image[band]
        assert not plane.psf_assumed
        assert plane.psf.shape == (51, 51)
        assert plane.psf_fwhm_arcsec == pytest.approx(FWHM[band], rel=0.05)
