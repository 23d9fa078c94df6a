"""Target lists as people have them, made into samples of a toy survey."""

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from clumpscope.config.recipe import Recipe
from clumpscope.core.schema import plain
from clumpscope.errors import TableError
from clumpscope.jobs.fetch import fetch, read_targets
from clumpscope.store.tables import read_parquet, write_parquet
from toy_survey import register


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)


LONG = 1237648720693755918  # more digits than a float holds
TWO = [str(LONG), str(LONG + 1)]
# East (150.1, 2) and west (150, 2) of the toy, at redshifts 0.02 and 0.03.
LISTS = {
    "colons and z": (
        "list.csv",
        "name,RAJ2000,DEJ2000,z\nNGC 1234,10:00:24.0,+02:00:00,0.02\nIC/5,10:00:00,+2:0:0,0.03\n",
        ["NGC_1234", "IC_5"],
        [
            "taken: ra from RAJ2000, dec from DEJ2000, redshift from z",
            "RAJ2000 is sexagesimal, in hours",
            "taken: galaxy_id from name",
            "ids made safe as file names: 'NGC 1234' is NGC_1234, 'IC/5' is IC_5",
        ],
    ),
    "blanks between tabs": (
        "list.tsv",
        "objid\t_RAJ2000\t_DEJ2000\tRedshift\n"
        f"{LONG}\t10 00 24.0\t+02 00 00\t0.02\n{LONG + 1}\t10 00 00.0\t+02 00 00\t0.03\n",
        TWO,
        ["_DEJ2000 is sexagesimal, in degrees", "taken: galaxy_id from objid"],
    ),
    "letters in white space": (
        "list.txt",
        f"# from a paper\ndr7objid Ra Dec Z\n{LONG} 10h00m24s 02d00m00s 0.02\n"
        f"{LONG + 1} 10h00m00s 02d00m00s 0.03\n",
        TWO,
        ["taken: redshift from Z"],
    ),
    "SkyServer": (
        "Skyserver_SQL.csv",
        "#Table1\nspecobjid,right_ascension,declination,redshift,z,u,g,r,i\n"
        f"{LONG},150.1,2,0.02,17,19,18,17,17\n{LONG + 1},150,2,0.03,17,19,18,17,17\n",
        TWO,
        ["columns not used: z, u, g, r, i"],
    ),
    "a byte-order mark and semicolons": (
        "list.csv",
        "\ufeffgalaxy_id;ra_deg;dec_deg;redshift;Notes\n007;150,1;2,0;0,02;x\nb;150,0;2,0;0,03;\n",
        ["007", "b"],
        ["taken: ra from ra_deg, dec from dec_deg", "columns not used: Notes"],
    ),
    "degrees in capitals": (
        "LIST.CSV",
        "GALAXY_ID,RAdeg,DEdeg,REDSHIFT\na,150.1,2,0.02\nb,150.0,2,0.03\n",
        ["a", "b"],
        ["taken: ra from RAdeg, dec from DEdeg"],
    ),
}


def check_toy_sample(targets: Path, folder: Path, ids: list[str], notes: list[str]) -> None:
    """Fetch a list of `LISTS`' two galaxies and see that all of it arrives."""
    wanted = read_targets(targets)
    assert set(notes) <= set(wanted.notes), wanted.notes
    assert len(fetch("toy", wanted, folder, folder / "sample", Recipe(), size_arcsec=6.0)) == 0
    hosts = read_parquet(folder / "sample" / "hosts.parquet")
    assert list(hosts["galaxy_id"]) == ids
    assert plain(hosts, "ra") == pytest.approx([150.1, 150.0], abs=1e-9)
    assert plain(hosts, "dec") == pytest.approx([2.0, 2.0], abs=1e-9)
    assert plain(hosts, "redshift") == pytest.approx([0.02, 0.03])
    assert {path.stem for path in (folder / "sample" / "images").iterdir()} == set(ids)


@pytest.mark.parametrize("kind", LISTS)
def test_target_lists_as_people_have_them(kind: str, toy: None, tmp_path: Path) -> None:
    name, content, ids, notes = LISTS[kind]
    (tmp_path / name).write_text(content, encoding="utf-8")
    check_toy_sample(tmp_path / name, tmp_path, ids, notes)


@pytest.mark.parametrize("suffix", [".fits", ".vot", ".ecsv", ".parquet"])
def test_target_lists_in_binary_and_xml(suffix: str, toy: None, tmp_path: Path) -> None:
    table = Table(
        {
            "objID": np.array([LONG, LONG + 1]),
            "RAJ2000": ["10:00:24.0", "10:00:00.0"],
            "DEJ2000": ["+02:00:00", "+02:00:00"],
            "z": [0.02, 0.03],
            "class": ["S", "I"],
        }
    )
    path = tmp_path / f"list{suffix}"
    if suffix == ".parquet":
        write_parquet(table, path)
    else:
        table.write(path, format={".vot": "votable", ".ecsv": "ascii.ecsv"}.get(suffix, "fits"))
    check_toy_sample(path, tmp_path, TWO, ["columns not used: class"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("objid,ra,dec\n1.23765E+18,150,2\n", "list.csv: column objid, row 1: .*all its digits"),
        ("name,ra,dec\nM 1,150,2\nM_1,150.1,2\n", r"row 2.*M_1 again: row 1 has M_1 \(from 'M 1'"),
        ("ra,dec\n10:00:24,2\n150.1,2\n", "list.csv: column ra, row 2: expected sexagesimal"),
        ("x,y\n1,2\n", "list.csv: expected columns ra and dec.*got x, y"),
    ],
)
def test_lists_that_cannot_be_used_are_told_by_file_and_row(
    content: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(TableError, match=message):
        read_targets(tmp_path / "list.csv")


@pytest.mark.parametrize("dtype", [float, np.float32])
def test_ids_in_a_fits_file_that_are_floats_are_refused(dtype: type, tmp_path: Path) -> None:
    table = Table({"objid": np.array([LONG], dtype=dtype), "ra": [150.0], "dec": [2.0]})
    table.write(tmp_path / "list.fits")
    with pytest.raises(TableError, match="column objid, row 1: .*as text or as whole numbers"):
        read_targets(tmp_path / "list.fits")
