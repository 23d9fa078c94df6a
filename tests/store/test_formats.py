import shutil
import subprocess
from datetime import datetime

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.table import QTable
from regions import Regions

from clumpscope.core.bands import from_text, known_bands
from clumpscope.core.clumps import clump_table, schema
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, TableError
from clumpscope.store.formats import WRITERS, read_catalogue, regions, write_formats
from clumpscope.store.tables import write_parquet

TABLES = (".parquet", ".fits", ".vot", ".ecsv")


@pytest.fixture(scope="module")
def table():
    """Five clumps with every column filled by something, blanks among it."""
    rng = np.random.default_rng(1)
    columns = {}
    for spec in schema("release"):
        columns[spec.name] = {
            "f8": rng.normal(size=5) * 10.0 ** rng.integers(-9, 9, 5),
            "i4": np.arange(5, dtype=np.int32),
            "i8": np.arange(5) + 2**60 + 1,
            "bool": np.arange(5) % 2 == 0,
            "str": np.array(["a", "bb", "", "J1+2 x", "e, f"]),
        }[spec.dtype]
    columns["galaxy_id"] = np.array(list("abcde"))
    columns["clump_flux_u"][2] = np.nan
    columns["aperture_radius_r"] = np.full(5, 1.4)
    columns["clump_centre_ra"] = rng.uniform(0, 360, 5)
    columns["clump_centre_dec"] = rng.uniform(-90, 90, 5)
    return clump_table("release", columns)


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    write_parquet(table, folder / "c.parquet")
    write_formats(table, folder, "c", WRITERS)
    return folder


def test_no_format_holds_the_time(table, folder, tmp_path):
    when = datetime.now().strftime("%Y-%m-%d").encode()
    write_formats(table, tmp_path, "c", WRITERS)
    for suffix, _ in WRITERS.values():
        content = (tmp_path / f"c{suffix}").read_bytes()
        assert content == (folder / f"c{suffix}").read_bytes()
        assert when not in content
    with fits.open(tmp_path / "c.fits", checksum=True) as hdus:  # a warning is an error
        assert all({"CHECKSUM", "DATASUM"} <= set(hdu.header) for hdu in hdus)


@pytest.mark.parametrize("suffix", TABLES)
def test_a_round_trip_changes_no_bit_and_loses_no_word(table, folder, suffix):
    again = read_catalogue(folder / f"c{suffix}")
    assert again.colnames == table.colnames
    for spec in schema("release"):
        before, after = plain(table, spec.name), plain(again, spec.name)
        if spec.dtype == "str":
            assert after.tolist() == before.tolist()
        else:
            assert after.astype(before.dtype).tobytes() == before.tobytes()
        assert u.Unit(again[spec.name].unit or "") == u.Unit(spec.unit)
        assert again[spec.name].info.description == spec.description
        assert again[spec.name].info.meta == {"ucd": spec.ucd}


@pytest.mark.parametrize("suffix", TABLES[1:])
def test_astropy_alone_reads_units_ucds_and_descriptions(folder, suffix):
    again = QTable.read(folder / f"c{suffix}")
    for spec in schema("release"):
        info = again[spec.name].info
        assert u.Unit(info.unit or "") == u.Unit(spec.unit)
        assert " ".join(info.description.split()) == spec.description
        assert info.meta["ucd"] == spec.ucd


@pytest.mark.skipif(shutil.which("stilts") is None, reason="needs STILTS (Debian: stilts)")
@pytest.mark.parametrize("suffix", TABLES[1:])
def test_topcat_s_library_reads_units_ucds_and_descriptions(folder, suffix):
    command = ["stilts", "tpipe", str(folder / f"c{suffix}"), "cmd=meta name units ucd description",
               "ofmt=csv"]  # fmt: skip
    rows = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for spec, row in zip(schema("release"), rows[1:], strict=True):
        assert row.startswith(f"{spec.name},")
        assert spec.ucd in row
        assert spec.description[:40].replace('"', '""') in row


@pytest.mark.parametrize("suffix", TABLES)
def test_what_is_read_back_knows_what_it_is(table, folder, suffix):
    again = read_catalogue(folder / f"c{suffix}")
    assert again.meta == table.meta
    assert len(regions(again)) == len(regions(table))


def test_regions_are_the_apertures(table, folder):
    drawn = Regions.read(folder / "c.reg", format="ds9")
    assert len(drawn) == len(regions(table)) == 5
    for k, region in enumerate(drawn):
        assert region.center.ra.deg == pytest.approx(plain(table, "clump_centre_ra")[k], abs=1e-6)
        assert region.radius.to_value(u.arcsec) == pytest.approx(1.4, abs=1e-3)
        assert region.meta["text"] == f"{table['galaxy_id'][k]} {table['clump_id'][k]}"


def test_clumps_without_a_sky_position_have_no_region(table):
    without = table.copy()
    without["clump_centre_ra"][1] = np.nan * u.deg
    assert len(regions(without)) == 4


def test_an_empty_catalogue_has_every_format(tmp_path):
    empty = clump_table("release", {})
    write_formats(empty, tmp_path, "c", WRITERS)
    for suffix in TABLES[1:]:
        assert len(read_catalogue(tmp_path / f"c{suffix}")) == 0
    assert len(Regions.read(tmp_path / "c.reg", format="ds9")) == 0


def test_an_unsafe_id_is_named(table, tmp_path):
    ids = [str(name) for name in table["galaxy_id"]]
    table = table.copy()
    table["galaxy_id"] = [*ids[:-1], "../x"]
    write_parquet(table, tmp_path / "c.parquet")
    with pytest.raises(TableError, match=rf"c\.parquet, row {len(ids)}: galaxy_id: .* '\.\./x'"):
        read_catalogue(tmp_path / "c.parquet")


def test_what_is_no_catalogue_is_named(folder, tmp_path):
    with pytest.raises(TableError, match=r"none\.fits: no such file"):
        read_catalogue(tmp_path / "none.fits")
    with pytest.raises(TableError, match=r"suffix"):
        read_catalogue(tmp_path / "c.txt")
    for suffix in TABLES:
        broken = tmp_path / f"c{suffix}"
        broken.write_bytes((folder / f"c{suffix}").read_bytes()[:1500])
        with pytest.raises((TableError, FolderError), match=broken.name):
            read_catalogue(broken)


def test_a_clump_without_the_best_band_has_the_region_of_its_own(tmp_path):
    columns = {
        "galaxy_id": ["a", "b", "c"],
        "clump_id": [1, 1, 1],
        "clump_label_id": [1, 2, 1],
        "clump_centre_ra": [10.0, 20.0, 30.0],
        "clump_centre_dec": [1.0, 2.0, 3.0],
        "aperture_radius_r": [1.4, np.nan, np.nan],
        "aperture_radius_VIS": [0.2, 0.3, np.nan],
    }
    drawn = regions(clump_table("photometry", columns, ("r", "VIS")))
    assert [one.radius.to_value(u.arcsec) for one in drawn] == pytest.approx([1.4, 0.3])


@pytest.mark.parametrize("bands", [known_bands(), ("VIS",), ("g", "narrow")])
def test_any_bands_survive_every_format(bands, tmp_path):
    """Also so many that their names fill more than a line of a FITS header."""
    columns = {"galaxy_id": ["a"], "clump_id": [1], f"clump_flux_{bands[-1]}": [1e-6]}
    table = clump_table("release", columns, bands)
    write_parquet(table, tmp_path / "c.parquet")
    write_formats(table, tmp_path, "c", ("fits", "votable", "ecsv"))
    for suffix in TABLES:
        again = read_catalogue(tmp_path / f"c{suffix}")
        assert again.colnames == table.colnames
        assert again.meta["bands"] == table.meta["bands"]
        assert from_text(again.meta["bands"]) == bands
        assert again[f"clump_flux_{bands[-1]}"][0] == 1e-6 * u.Jy
