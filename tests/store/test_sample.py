import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from builders import galaxy_image
from clumpscope.config.run import SampleConfig
from clumpscope.core.galaxy import ColourImage, GalaxyImage
from clumpscope.core.records import HOSTS, LABELS, TRUTH, record_table
from clumpscope.errors import ImageError, StoreError, TableError
from clumpscope.store.images import write_galaxy
from clumpscope.store.sample import Sample, check_ids, require_galaxy
from clumpscope.store.tables import write_parquet

CONFIG = SampleConfig()


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)


def hosts(folder, **columns):
    write_parquet(record_table(HOSTS, columns), folder / "hosts.parquet")


def test_a_sample_directory_in_the_order_of_its_hosts(tmp_path):
    for galaxy_id in ("b", "a"):
        write_galaxy(tmp_path / "images" / f"{galaxy_id}.fits", galaxy_image(galaxy_id, "gri"))
    hosts(tmp_path, galaxy_id=["b", "a"], redshift=[0.1, 0.05])
    sample = Sample.open(tmp_path)
    assert len(sample) == 2
    assert sample.ids == ["b", "a"]
    assert sample.host(1, "redshift") == 0.05
    assert np.isnan(sample.host(0, "ebv"))
    image = sample.read(1, CONFIG)
    assert isinstance(image, GalaxyImage)
    assert image.galaxy_id == "a"
    assert require_galaxy(image) is image


def test_a_galaxy_by_its_id(tmp_path):
    for galaxy_id in ("b", "a"):
        write_galaxy(tmp_path / f"{galaxy_id}.fits", galaxy_image(galaxy_id, "gri"))
    picture(tmp_path / "p.png")
    sample = Sample.open(tmp_path)
    assert sample.galaxy("b").galaxy_id == "b"
    assert sample.galaxy("p", SampleConfig(psf_fwhm_arcsec=2.5)).psf_fwhm_arcsec == 2.5
    assert sample.galaxy("p").pixscale_arcsec == 0.396
    with pytest.raises(TableError, match=r"a galaxy_id such as a, b, p, got c"):
        sample.galaxy("c")


def test_a_bare_folder_in_the_order_of_its_names(tmp_path):
    write_galaxy(tmp_path / "b.fits", galaxy_image("b", "gri"))
    picture(tmp_path / "a.png")
    picture(tmp_path / "c.JPG")
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".b.fits.part.fits").write_text("left by a crash")
    sample = Sample.open(tmp_path)
    assert sample.ids == ["a", "b", "c"]
    images = [sample.read(index, CONFIG) for index in range(3)]
    assert [type(image) for image in images] == [ColourImage, GalaxyImage, ColourImage]
    assert [image.galaxy_id for image in images] == ["a", "b", "c"]


def test_a_bare_images_folder(tmp_path):
    picture(tmp_path / "images" / "a.jpeg")
    assert Sample.open(tmp_path).ids == ["a"]


def test_a_picture_takes_its_scale_from_the_hosts_or_the_recipe(tmp_path):
    for name in ("a", "b"):
        picture(tmp_path / "images" / f"{name}.png")
    hosts(tmp_path, galaxy_id=["a", "b"], pixscale_arcsec=[0.2, np.nan], psf_fwhm_r=[0.9, 0.0])
    sample = Sample.open(tmp_path)
    known, unknown = sample.read(0, CONFIG), sample.read(1, CONFIG)
    assert (known.pixscale_arcsec, known.psf_fwhm_arcsec, known.psf_assumed) == (0.2, 0.9, False)
    assert unknown.pixscale_arcsec == CONFIG.pixscale_arcsec
    assert unknown.psf_fwhm_arcsec == CONFIG.psf_fwhm_arcsec
    assert unknown.psf_assumed
    with pytest.raises(ImageError, match="a: expected calibrated bands to measure"):
        require_galaxy(known)


def test_a_missing_image_fails_only_its_own_galaxy(tmp_path):
    picture(tmp_path / "images" / "a.png")
    hosts(tmp_path, galaxy_id=["a", "gone"])
    sample = Sample.open(tmp_path)
    sample.read(0, CONFIG)
    with pytest.raises(ImageError, match=r"gone\.fits: no such file"):
        sample.read(1, CONFIG)


def test_no_folder(tmp_path):
    with pytest.raises(StoreError, match="no such folder"):
        Sample.open(tmp_path / "none")


def test_an_empty_folder(tmp_path):
    with pytest.raises(StoreError, match=r"expected images \(\.fits .*\), got none"):
        Sample.open(tmp_path)


def test_an_empty_host_table(tmp_path):
    hosts(tmp_path)
    with pytest.raises(TableError, match="at least one galaxy, got an empty table"):
        Sample.open(tmp_path)


@pytest.mark.parametrize("galaxy_id", ["../../etc/passwd", ".hidden", "a b", ""])
def test_an_unsafe_id_in_the_hosts(tmp_path, galaxy_id):
    hosts(tmp_path, galaxy_id=["a", galaxy_id])
    with pytest.raises(TableError, match="galaxy_id: expected 1 to 64 characters"):
        Sample.open(tmp_path)


def test_an_unsafe_file_name(tmp_path):
    picture(tmp_path / "my galaxy.png")
    with pytest.raises(TableError, match="'my galaxy'"):
        Sample.open(tmp_path)


def test_an_id_twice(tmp_path):
    hosts(tmp_path, galaxy_id=["a", "b", "a"])
    with pytest.raises(TableError, match="galaxy_id: expected each once, got a twice"):
        Sample.open(tmp_path)
    with pytest.raises(TableError, match="targets: galaxy_id"):
        check_ids(["a", "a"], "targets")


def test_two_files_of_one_galaxy(tmp_path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "a.jpg")
    with pytest.raises(TableError, match="a twice"):
        Sample.open(tmp_path)


def test_truth_and_labels(tmp_path):
    picture(tmp_path / "images" / "a.png")
    hosts(tmp_path, galaxy_id=["a"])
    sample = Sample.open(tmp_path)
    with pytest.raises(StoreError, match=r"truth\.parquet: no such file"):
        sample.truth()
    with pytest.raises(StoreError, match=r"labels\.parquet: no such file"):
        sample.labels()
    truth = {"galaxy_id": ["a"], "clump_id": [1], "x": [3.0], "y": [4.0], "label": [1]}
    write_parquet(record_table(TRUTH, truth), tmp_path / "truth.parquet")
    write_parquet(record_table(LABELS, {"galaxy_id": ["a"]}), tmp_path / "labels.parquet")
    assert sample.truth()["x"].value.tolist() == [3.0]
    assert len(sample.labels()) == 1


def test_truth_without_a_column(tmp_path):
    picture(tmp_path / "a.png")
    table = record_table(TRUTH, {"galaxy_id": ["a"]})
    table.remove_column("flux_ratio_u")
    write_parquet(table, tmp_path / "truth.parquet")
    with pytest.raises(TableError, match="none named flux_ratio_u"):
        Sample.open(tmp_path).truth()


def no_widths(path, bands, **primary):
    """Write a galaxy whose file does not tell its PSF."""
    write_galaxy(path, galaxy_image(path.stem, bands))
    with fits.open(path, mode="update") as hdus:
        hdus[0].header.update(primary)
        for band in bands:
            for key in ("PSFFWHM", "PSFASSUM"):
                del hdus[band].header[key]


def test_each_band_takes_its_own_width_from_the_hosts(tmp_path):
    no_widths(tmp_path / "images" / "a.fits", "gri")
    hosts(tmp_path, galaxy_id=["a"], psf_fwhm_g=[1.5], psf_fwhm_r=[1.1], psf_fwhm_i=[0.0])
    image = Sample.open(tmp_path).read(0, CONFIG)
    found = {band: (one.psf_fwhm_arcsec, one.psf_assumed) for band, one in image.bands.items()}
    assert found == {
        "g": (1.5, False),
        "r": (1.1, False),
        "i": (CONFIG.psf_fwhm_arcsec, True),
    }


def test_a_picture_needs_both_scale_and_width_to_be_known(tmp_path):
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.png")
    hosts(
        tmp_path,
        galaxy_id=list("abc"),
        psf_fwhm_r=[0.9, 0.9, np.nan],
        field_arcsec=[np.nan, 8.0, 8.0],
    )
    sample = Sample.open(tmp_path)
    found = [sample.read(index, CONFIG) for index in range(3)]
    assert [one.psf_assumed for one in found] == [True, False, True]
    default = CONFIG.pixscale_arcsec
    assert [one.pixscale_arcsec for one in found] == [default, 0.4, 0.4]


def test_the_host_table_s_position_goes_before_the_header_s(tmp_path):
    for name in "ab":
        no_widths(tmp_path / "images" / f"{name}.fits", "r", RA=10.0, DEC=20.0)
    hosts(tmp_path, galaxy_id=["a", "b"], ra=[10.1, 10.1], dec=[20.1, np.nan])
    sample = Sample.open(tmp_path)
    found = [sample.read(index, CONFIG) for index in range(2)]
    assert [(one.ra, one.dec) for one in found] == [(10.1, 20.1), (10.0, 20.0)]


@pytest.mark.parametrize("table", [True, False])
def test_the_case_of_a_suffix_does_not_matter(tmp_path, table):
    picture(tmp_path / "a.Png")
    if table:
        hosts(tmp_path, galaxy_id=["a"])
    assert Sample.open(tmp_path).read(0, CONFIG).galaxy_id == "a"


def test_of_two_files_of_a_host_fits_counts(tmp_path):
    picture(tmp_path / "images" / "a.jpg")
    write_galaxy(tmp_path / "images" / "a.FITS", galaxy_image("a", "gri"))
    picture(tmp_path / "images" / "a.png")
    hosts(tmp_path, galaxy_id=["a"])
    assert isinstance(Sample.open(tmp_path).read(0, CONFIG), GalaxyImage)
