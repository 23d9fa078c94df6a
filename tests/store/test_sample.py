import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from builders import galaxy_image
from clumpscope.config.run import SampleConfig
from clumpscope.core.galaxy import ColourImage, GalaxyImage, require_galaxy
from clumpscope.core.records import HOSTS, LABELS, TRUTH, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, ImageError, StoreError, TableError
from clumpscope.store.fits_tables import write_fits
from clumpscope.store.images import write_galaxy
from clumpscope.store.sample import Sample, check_ids
from clumpscope.store.tables import write_parquet
from clumpscope.store.truth import read_truth
from samples import hosts, picture

CONFIG = SampleConfig()


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
    with pytest.raises(TableError, match="galaxy: expected one of the 3 of sample .*, got c"):
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


def test_hosts_of_injections(tmp_path):
    for name in "abc":
        write_galaxy(tmp_path / "images" / f"{name}.fits", galaxy_image(name, "gri"))
    hosts(tmp_path, galaxy_id=["a", "b", "c"])
    assert Sample.open(tmp_path).host_ids == ["a", "b", "c"]
    table = record_table(HOSTS, {"galaxy_id": ["a", "b", "c"]})
    table["host_id"] = ["x", "", "x"]
    write_parquet(table, tmp_path / "hosts.parquet")
    assert Sample.open(tmp_path).host_ids == ["x", "b", "x"]
    table["host_id"] = ["x", "", "../x"]
    write_parquet(table, tmp_path / "hosts.parquet")
    with pytest.raises(TableError, match=r"host_id, row 2: galaxy_id: .* got '\.\./x'"):
        Sample.open(tmp_path)


def test_a_part_of_a_sample(tmp_path):
    for name in "abc":
        write_galaxy(tmp_path / "images" / f"{name}.fits", galaxy_image(name, "gri"))
    hosts(tmp_path, galaxy_id=["a", "b", "c"], redshift=[0.1, 0.2, 0.3])
    part = Sample.open(tmp_path).part([2, 0])
    assert part.ids == ["c", "a"]
    assert (len(part), part.host(0, "redshift")) == (2, 0.3)
    assert part.read(1, CONFIG).galaxy_id == "a"


def test_a_bare_images_folder(tmp_path):
    picture(tmp_path / "images" / "a.jpeg")
    assert Sample.open(tmp_path).ids == ["a"]


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
    write_parquet(
        record_table(LABELS, {"galaxy_id": ["a"], "label": [1]}), tmp_path / "labels.parquet"
    )
    assert sample.truth()["x"].value.tolist() == [3.0]
    assert len(sample.labels()) == 1


def test_an_unsafe_id_in_the_truth(tmp_path):
    truth = {"galaxy_id": ["a", "/b"], "clump_id": [1, 1], "label": [1, 1]}
    write_parquet(record_table(TRUTH, truth), tmp_path / "truth.parquet")
    with pytest.raises(TableError, match=r"truth\.parquet, row 2: galaxy_id: .* got '/b'"):
        read_truth(tmp_path / "truth.parquet")


def test_truth_without_a_column(tmp_path):
    picture(tmp_path / "a.png")
    table = record_table(TRUTH, {"galaxy_id": ["a"]})
    table.remove_column("flux_ratio_u")
    write_parquet(table, tmp_path / "truth.parquet")
    with pytest.raises(TableError, match="none named flux_ratio_u"):
        Sample.open(tmp_path).truth()


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


def test_a_truth_may_be_text_with_gaps_or_fits_in_jansky(tmp_path):
    table = record_table(
        TRUTH,
        {
            "galaxy_id": ["007", "b"],
            "clump_id": [1, 1],
            "x": [10.5, 20.0],
            "y": [3.0, 4.0],
            "label": [1, 2],
            "flux_ratio_u": [0.05, 0.1],
            "flux_u": [2.0, 3.0],
        },
    )
    write_fits(table, tmp_path / "truth.fits")
    header = "galaxy_id,clump_id,x,y,label,flux_ratio_u,flux_u,note\n"
    text = f"#Table1\n{header}007,1,10.5,3,1,0.05,2.0,?\nb,1,20,4,2,0.1,,\n"
    (tmp_path / "truth.csv").write_text("\ufeff" + text, encoding="utf-8")
    in_text, in_fits = (read_truth(tmp_path / f"truth.{kind}") for kind in ("csv", "fits"))
    for found in (in_text, in_fits):
        for name in ("galaxy_id", "clump_id", "x", "y", "label", "flux_ratio_u"):
            assert list(plain(found, name)) == list(plain(table, name))
        assert found["flux_u"].unit == "nmgy"
        assert np.isnan(plain(found, "ra")).all()
    np.testing.assert_array_equal(plain(in_text, "flux_u"), [2.0, np.nan])
    assert plain(in_fits, "flux_u") == pytest.approx([2.0, 3.0])
    assert in_text.colnames[-1] == "note"


def test_a_gap_in_a_truth_with_units_is_nan(tmp_path):
    names = ("clump_id", "x", "y", "label", "flux_ratio_u")
    table = Table({"galaxy_id": ["a", "b"], **{name: [1, 1] for name in names}})
    table["flux_u"] = MaskedColumn([3.631e-6, 1.0], mask=[False, True], unit="Jy")
    table.write(tmp_path / "truth.ecsv")
    flux = plain(read_truth(tmp_path / "truth.ecsv"), "flux_u")
    np.testing.assert_allclose(flux, [1.0, np.nan])


def test_a_truth_without_clumps_is_one(tmp_path):
    write_parquet(record_table(TRUTH, {}), tmp_path / "truth.parquet")
    assert len(read_truth(tmp_path / "truth.parquet")) == 0


def test_a_truth_that_lacks_a_column_is_told(tmp_path):
    (tmp_path / "truth.csv").write_text("galaxy_id,clump_id,x,y,label\na,1,2,3,1\n")
    with pytest.raises(TableError, match="truth.csv: expected columns.*none named flux_ratio_u"):
        read_truth(tmp_path / "truth.csv")


def test_a_host_table_that_is_no_file_is_not_passed_over(tmp_path):
    write_galaxy(tmp_path / "images" / "a.fits", galaxy_image("a", "gri"))
    (tmp_path / "hosts.parquet").symlink_to("/dev/null")
    with pytest.raises(FolderError, match=r"hosts\.parquet: expected a regular file, got a device"):
        Sample.open(tmp_path)
    (tmp_path / "hosts.parquet").unlink()
    (tmp_path / "hosts.parquet").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FolderError, match=r"hosts\.parquet: no such file"):
        Sample.open(tmp_path)
