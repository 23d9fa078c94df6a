"""A cache within bounds."""

import os

from clumpscope.store.cached import bytes_of, trim


def fill(folder, sizes):
    for age, (name, size) in enumerate(sizes.items()):
        path = folder / name
        path.mkdir()
        (path / "frame").write_bytes(bytes(size))
        os.utime(path, (age, age))


def test_the_oldest_go_first(tmp_path):
    fill(tmp_path, {"c": 100, "a": 100, "b": 100})
    assert bytes_of(tmp_path) == 300
    assert trim(tmp_path, 300) == []
    assert trim(tmp_path, 150) == ["c", "a"]
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_what_is_in_use_stays_and_what_is_empty_goes(tmp_path):
    fill(tmp_path, {"c": 100, "a": 0, "b": 100})
    (tmp_path / "file").write_bytes(bytes(1000))
    assert trim(tmp_path, 0, {"c"}) == ["a", "b"]
    assert trim(tmp_path / "nowhere", 0) == []
