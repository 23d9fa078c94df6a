"""Tables in plain text, as they lie on people's disks."""

import codecs

import numpy as np
import pytest
from astropy import units as u
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.errors import TableError
from clumpscope.store.tables import read_user_table
from clumpscope.store.text_tables import read_text_table
from clumpscope.store.texts import write_table

LONG_ID = 1237648720693755918  # more digits than a float holds


def read(folder, content, name="list.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    return read_user_table(path)


def rows(table):
    return [
        tuple(row) for row in zip(*(table[name].tolist() for name in table.colnames), strict=True)
    ]


SAME = {
    "commas": "name,ra,dec\na b,150.5,-1\nc,10,20\n",
    "commas and blanks": "name, ra, dec\na b, 150.5, -1\nc, 10, 20\n",
    "tabs": "name\tra\tdec\na b\t150.5\t-1\nc\t10\t20\n",
    "semicolons": "name;ra;dec\na b;150.5;-1\nc;10;20\n",
    "decimal commas": "name;ra;dec\na b;150,5;-1\nc;10,0;20\n",
    "white space": '  name   ra dec\n "a b"   150.5 -1\n c\t10  20\n',
    "SkyServer": "#Table1\nname,ra,dec\na b,150.5,-1\nc,10,20\n",
    "Windows": "name,ra,dec\r\na b,150.5,-1\r\nc,10,20\r\n",
    "commented names": '# from TOPCAT\n# name ra dec\n"a b" 150.5 -1\nc 10 20\n',
    "commented names and commas": "#name,ra,dec\na b,150.5,-1\nc,10,20\n",
    "blank lines and comments": "\n# mine\nname,ra,dec\n\na b,150.5,-1\n# not sure\nc,10,20\n\n",
    "ends of lines": "name,ra,dec,\na b,150.5,-1,\nc,10,20,\n",
}


@pytest.mark.parametrize("content", SAME.values(), ids=list(SAME))
def test_the_same_table_in_many_clothes(tmp_path, content):
    table = read(tmp_path, content)
    assert table.colnames == ["name", "ra", "dec"]
    assert rows(table) == [("a b", 150.5, -1), ("c", 10, 20)]


@pytest.mark.parametrize("before", ["\ufeff", "\ufeff\ufeff", "# joined\n\ufeff"])
def test_byte_order_marks_are_passed_over_wherever_they_stand(tmp_path, before):
    table = read(tmp_path, before + "galaxy_id,ra\na,1\n")
    assert table.colnames == ["galaxy_id", "ra"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-32", "ascii"])
def test_nul_is_no_text(tmp_path, encoding):
    content = "galaxy_id,ra\na\0,1\n".encode(encoding)
    with pytest.raises(
        TableError, match=r"list\.csv: expected text, got one with the character NUL"
    ):
        read(tmp_path, content)


SIGNS = st.text("=+-@'a", min_size=1, max_size=6).filter(lambda text: text not in ("-", "--"))


@given(st.lists(SIGNS, min_size=1, max_size=5), st.lists(st.floats(-9, 9), min_size=5, max_size=5))
def test_cells_of_our_own_come_back_as_they_were(tmp_path_factory, texts, numbers):
    path = tmp_path_factory.mktemp("csv") / "own.csv"
    given = Table({"galaxy_id": texts, "=note": texts, "x": numbers[: len(texts)]})
    write_table(given, path)
    back = read_user_table(path)
    assert back.colnames == given.colnames
    assert rows(back) == rows(given)
    for line in path.read_text().splitlines():
        assert not line.startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".tab", ".txt", ".dat", ".TSV"])
def test_the_separator_is_seen_and_not_told_by_the_suffix(tmp_path, suffix):
    for content in (SAME["commas"], SAME["tabs"], SAME["white space"]):
        assert rows(read(tmp_path, content, f"list{suffix}"))[0] == ("a b", 150.5, -1)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (b"", "utf-8")],
)
def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path, mark, encoding):
    table = read(tmp_path, mark + "galaxy_id,ra\né,1\n".encode(encoding))
    assert table.colnames == ["galaxy_id", "ra"]
    assert table["galaxy_id"][0] == "é"


def test_vizier_s_units_and_dashes(tmp_path):
    content = (
        "#\n#   VizieR Astronomical Server\n#Column\tz\t(F7.4)\tRedshift\n"
        '_RAJ2000\tDEJ2000\tR90\tName\ndeg\t"d:m:s"\tarcmin\t\n'
        "-----------\t-----------\t------\t----\n"
        "153.0558333\t+20 15 12.3\t0.1\tUGC 1\n153.1\t-00 15 12.3\t \tUGC 2\n\n"
    )
    table = read(tmp_path, content, "asu.tsv")
    assert table.colnames == ["_RAJ2000", "DEJ2000", "R90", "Name"]
    assert (table["_RAJ2000"].unit, table["R90"].unit) == (u.deg, u.arcmin)
    assert list(table["DEJ2000"]) == ["+20 15 12.3", "-00 15 12.3"]
    assert list(table["R90"].mask) == [False, True]
    assert table["_RAJ2000"][1] == 153.1


@pytest.mark.parametrize(
    "name", ["galaxy_id", "GALAXY_ID", "objID", "SpecObjID", "dr7_objid", "Name", "id"]
)
@pytest.mark.parametrize("word", ["1.50", "1e5", "-3", "99999999999999999999", "12"])
def test_ids_are_text_digit_by_digit_whatever_they_look_like(tmp_path, name, word):
    table = read(tmp_path, f"{name},x\n{word},1\n,2\n")
    assert table[name].dtype.kind == "U"
    assert list(table[name]) == [word, ""]


def test_whole_numbers_are_exact_with_gaps_and_beyond_64_bits(tmp_path):
    table = read(
        tmp_path,
        f"a,b,c,d\n{LONG_ID},{LONG_ID},99999999999999999999,007\n-3,null,1,08\n0,,2,1\n",
    )
    assert table["a"].dtype == np.int64
    assert table["a"].tolist() == [LONG_ID, -3, 0]
    assert table["b"].dtype == np.int64
    assert table["b"][0] == LONG_ID
    assert table["b"].mask.tolist() == [False, True, True]
    assert table["c"].tolist() == ["99999999999999999999", "1", "2"]
    assert table["d"].tolist() == ["007", "08", "1"]


def test_blanks_of_numbers_are_masked_and_those_of_text_empty(tmp_path):
    table = read(tmp_path, "a,b,c\n1.5,x,\nNaN,null,\nN/A,--,\nNULL,y,\n-1e3,z,\n")
    assert table["a"].mask.tolist() == [False, True, True, True, False]
    assert table["a"].filled(np.nan)[[0, 4]].tolist() == [1.5, -1000]
    assert np.isnan(table["a"].data.data[1:4]).all()
    assert list(table["b"]) == ["x", "", "", "y", "z"]
    assert np.isnan(np.ma.filled(table["c"], np.nan)).all()


def test_one_word_makes_text_of_a_column(tmp_path):
    table = read(tmp_path, "a,b\n1.5,10:12:13\n?,10 12 13\n")
    assert list(table["a"]) == ["1.5", "?"]
    assert list(table["b"]) == ["10:12:13", "10 12 13"]


def test_a_column_without_a_name_has_a_number(tmp_path):
    table = read(tmp_path, ",ra,dec\n0,1,2\n1,3,4\n")
    assert table.colnames == ["column 1", "ra", "dec"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "list.csv: expected a line with the names of columns, got none"),
        ("# only a comment\n", "names of columns"),
        ("10.5,20\n30,40\n", r"list.csv: expected names of columns in the first line.*10\.5"),
        ("10:12:13 +20:00:00\n", "expected names of columns in the first line"),
        ("ra,dec\n1,2\n3\n", r"list.csv: row 2: expected 2 fields, got 1: \['3'\]"),
        ("name ra dec\nNGC 1 2 3\n", "row 1: expected 3 fields, got 4"),
        ("ra,dec,ra\n1,2,3\n", "each column's name once, got ra twice"),
        ('ra,dec\n"1,2\n', "not a readable csv table"),
        (b"name,ra\n\xe9,1\n", "not a readable csv table.*utf-8"),
        ("ra,dec\n", "at least one row, got an empty table"),
    ],
)
def test_what_is_no_table_is_told_by_row(tmp_path, content, message):
    with pytest.raises(TableError, match=message):
        read(tmp_path, content)


NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))


@given(st.lists(NUMBERS, min_size=1, max_size=5), st.sampled_from(",;\t "))
def test_numbers_come_back_as_python_reads_them(tmp_path_factory, numbers, separator):
    path = tmp_path_factory.mktemp("text") / "t.txt"
    path.write_text("a" + separator + "b\n" + "".join(f"{n}{separator}1\n" for n in numbers))
    found = read_text_table(path)["a"].tolist()
    if all(isinstance(number, int) for number in numbers):
        assert found == numbers
    else:
        assert found == [float(number) for number in numbers]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marks_of_byte_order_are_passed_over(tmp_path, encoding):
    path = tmp_path / "t.csv"
    path.write_text("galaxy_id,x\n007,1.5\n", encoding=encoding)
    found = read_text_table(path)
    assert (found.colnames, found["galaxy_id"].tolist()) == (["galaxy_id", "x"], ["007"])
    path.write_text("\ufeffgalaxy_id,x\n007,1.5\n", encoding=encoding)  # twice
    assert read_text_table(path).colnames == ["galaxy_id", "x"]


def test_a_cell_may_hold_any_sign_but_nul(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("name,x\r\na\u2028b\x0bc\x85d,1\r\n".encode())
    assert read_text_table(path)["name"].tolist() == ["a\u2028b\x0bc\x85d"]
    path.write_bytes(b"name,x\na,3\0\n")
    with pytest.raises(TableError, match=r"t\.csv: expected text, got one with the character NUL"):
        read_text_table(path)


def test_a_number_of_more_digits_than_python_makes_is_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"galaxy_id,x\na,{'9' * 5000}\n")
    assert read_text_table(path)["x"].tolist() == ["9" * 5000]


def test_names_of_several_words_in_a_single_column(tmp_path):
    (tmp_path / "names.csv").write_text('name\nNGC 4038\n"Arp 299"\nM51\n')
    table = read_text_table(tmp_path / "names.csv")
    assert table["name"].tolist() == ["NGC 4038", "Arp 299", "M51"]
