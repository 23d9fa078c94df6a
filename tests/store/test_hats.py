"""A catalogue divided by HEALPix, as lsdb opens it."""

import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from clumpscope.core.clumps import clump_table
from clumpscope.errors import FolderError, StoreError, TableError
from clumpscope.store import hats
from clumpscope.store.hats import MARGIN_ARCSEC, rows_in_hats, write_hats
from clumpscope.store.tables import write_parquet

# Of lsdb and pandas 3.
pytestmark = pytest.mark.filterwarnings("ignore")
N = 120


def clumps(n=N):
    """A field of clumps, two a galaxy, every tenth without a place."""
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(40, 50, n), rng.uniform(-5, 5, n)
    ra[::10], dec[::10] = np.nan, np.nan
    return clump_table(
        "release",
        {
            "galaxy_id": [f"g{k // 2:03d}" for k in range(n)],
            "clump_id": 1 + np.arange(n) % 2,
            "clump_centre_ra": ra,
            "clump_centre_dec": dec,
            "clump_flux_ratio": rng.uniform(0, 0.2, n),
        },
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The field in partitions of at most 30."""
    place = tmp_path_factory.mktemp("hats")
    write_parquet(clumps(), place / "catalogue.parquet")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(hats, "_ROWS", 30)
        assert write_hats(place / "catalogue.parquet", place / "out") == N - N // 10
    assert sorted(path.name for path in place.iterdir()) == ["catalogue.parquet", "out"]
    return place / "out"


def test_rows_units_and_statistics(folder):
    files = sorted(folder.rglob("clumps/**/Npix=*.parquet"))
    assert len(files) > 3
    field = pq.read_schema(files[0]).field("clump_flux_u")
    assert field.metadata[b"unit"] == b"Jy"
    assert rows_in_hats(folder) == N - N // 10
    known = pq.read_metadata(files[0])
    names = known.schema.names
    statistics = known.row_group(0).column(names.index("clump_centre_ra")).statistics
    assert 40 <= statistics.min <= statistics.max <= 50


def test_lsdb_finds_what_is_in_a_cone(folder):
    import lsdb

    found = lsdb.open_catalog(folder).cone_search(45, 0, 3 * 3600).compute()
    table = clumps()
    ra, dec = table["clump_centre_ra"].value, table["clump_centre_dec"].value
    known = np.isfinite(ra)
    places = SkyCoord(ra[known] * u.deg, dec[known] * u.deg)
    inside = places.separation(SkyCoord(45 * u.deg, 0 * u.deg)).deg < 3
    expected = table["galaxy_id"][known][inside].tolist()
    assert sorted(found["galaxy_id"].tolist()) == sorted(expected)
    assert len(expected) > 10


def test_lsdb_matches_a_host_table(folder):
    """Each host lies 3 arcseconds north of its second clump, whatever partition that is in."""
    import lsdb
    import pandas

    table = clumps()[1::2]
    hosts = pandas.DataFrame(
        {
            "galaxy_id": table["galaxy_id"].tolist(),
            "ra": table["clump_centre_ra"].value,
            "dec": table["clump_centre_dec"].value + 3 / 3600,
        }
    )
    around = lsdb.from_dataframe(hosts, ra_column="ra", dec_column="dec")
    opened = lsdb.open_catalog(folder)
    assert opened.margin is not None
    found = around.crossmatch(
        opened,
        radius_arcsec=MARGIN_ARCSEC,
        suffixes=("_host", "_clump"),
        suffix_method="all_columns",
    ).compute()
    assert sorted(found["galaxy_id_clump"]) == table["galaxy_id"].tolist()
    assert (found["galaxy_id_host"] == found["galaxy_id_clump"]).all()


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path):
    write_parquet(clumps(4), tmp_path / "catalogue.parquet")
    (tmp_path / "out").mkdir()
    with pytest.raises(FolderError, match="expected a new file, got one that exists"):
        write_hats(tmp_path / "catalogue.parquet", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_without_a_place_on_the_sky_there_is_none(tmp_path):
    table = clumps(4)
    table["clump_centre_ra"] = np.nan * u.deg
    write_parquet(table, tmp_path / "catalogue.parquet")
    with pytest.raises(TableError, match="expected clumps with a position, got none"):
        write_hats(tmp_path / "catalogue.parquet", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["catalogue.parquet"]


def test_what_is_interrupted_leaves_nothing(tmp_path, monkeypatch):
    write_parquet(clumps(4), tmp_path / "catalogue.parquet")

    def half(placed, folder):
        (folder / "clumps" / "dataset").mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(hats, "_partitioned", half)
    with pytest.raises(KeyboardInterrupt):
        write_hats(tmp_path / "catalogue.parquet", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["catalogue.parquet"]
    with pytest.raises(FolderError, match="not readable"):
        rows_in_hats(tmp_path / "out")


def test_without_the_package_it_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(hats, "find_spec", lambda name: None)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "catalogue.parquet")
    with pytest.raises(StoreError, match=r"got none; pip install 'clumpscope\[hats\]'"):
        write_hats(tmp_path / "catalogue.parquet", tmp_path / "out")
