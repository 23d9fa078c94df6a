"""Text files of others, read and written."""

import pytest
from astropy.table import Table

from clumpscope.errors import FolderError, StoreError, TableError
from clumpscope.store.tables import read_parquet, read_user_table
from clumpscope.store.texts import read_json, read_texts, write_table, write_text


def test_json(tmp_path):
    path = tmp_path / "a.json"
    write_text(path, '{"name": "Grüße", "n": [1]}')
    assert read_json(path) == {"name": "Grüße", "n": [1]}
    write_text(path, "[1]")
    with pytest.raises(TableError, match=r"a\.json: expected a JSON object, got list"):
        read_json(path)
    path.write_bytes(b"\xef\xbb\xbf{}")
    assert read_json(path) == {}
    for content in (b"\xff{", b"[" * 100_000, b'{"a": ' * 100_000, b"1" * 5000, b"{"):
        path.write_bytes(content)
        with pytest.raises(TableError, match=r"a\.json: not JSON in UTF-8"):
            read_json(path)
    with pytest.raises(FolderError, match=r"none\.json: No such file"):
        read_json(tmp_path / "none.json")


def test_texts_of_a_folder_by_name(tmp_path):
    for name, text in (("b.txt", "B"), ("a.b.txt", "ä"), ("a.reg", "R"), ("classes.txt", "C")):
        write_text(tmp_path / name, text)
    assert list(read_texts(tmp_path, ".txt").items()) == [
        *(("a.b", "ä"), ("b", "B"), ("classes", "C"))
    ]
    assert set(read_texts(tmp_path, ".txt", ("classes.txt",))) == {"a.b", "b"}
    assert read_texts(tmp_path / "b.txt", ".txt") == {"b": "B"}
    with pytest.raises(FolderError, match=r"expected files ending in \.csv, got none"):
        read_texts(tmp_path, ".csv")
    (tmp_path / "b.txt").write_bytes(b"\xef\xbb\xbfB")
    assert read_texts(tmp_path, ".txt")["b"] == "B"
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(TableError, match=r"b\.txt: expected text in UTF-8, got 'utf-8' codec"):
        read_texts(tmp_path, ".txt")


def test_tables_as_their_name_ends(tmp_path):
    table = Table({"galaxy_id": ["007", "b"], "x": [0.1, 2.0]})
    write_table(table, tmp_path / "a.csv")
    write_table(table, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "galaxy_id,x\n007,0.1\nb,2.0\n"
    signs = Table({"galaxy_id": ["-7", "+x"], "=x": ["=1", "'=2"], "y": [-1.0, -2.0]})
    write_table(signs, tmp_path / "signs.csv")
    text = (tmp_path / "signs.csv").read_text()
    assert text == "galaxy_id,'=x,y\n'-7,'=1,-1.0\n'+x,''=2,-2.0\n"
    back = read_user_table(tmp_path / "signs.csv")
    assert back.colnames == signs.colnames
    assert all(back[name].tolist() == signs[name].tolist() for name in signs.colnames)
    write_table(table, tmp_path / "a.parquet")
    assert read_parquet(tmp_path / "a.parquet")["x"].tolist() == [0.1, 2.0]
    with pytest.raises(TableError, match=r"a name ending in \.csv or \.parquet, got \.txt"):
        write_table(table, tmp_path / "a.txt")
    with pytest.raises(StoreError, match="expected a place in a folder"):
        write_table(table, tmp_path / "a.csv" / "b.csv")
