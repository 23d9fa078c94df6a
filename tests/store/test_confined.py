"""Nothing is written outside, whatever it is called."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.galaxy import check_galaxy_id
from clumpscope.errors import TableError
from clumpscope.store.confined import inside
from clumpscope.store.texts import write_text

PARTS = st.sampled_from(
    ["..", "/", "\\", "a", ".", "\0", "\n", "C:", "~", " ", "é", "\ud800", "x" * 90]
)
NAMES = st.lists(PARTS, max_size=6).map("".join) | st.text(max_size=40)


@given(NAMES)
def test_a_file_lies_in_its_folder_or_there_is_none(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("outer") / "inner"
    folder.mkdir()
    try:
        path = inside(folder, name)
    except TableError:
        return
    assert path.resolve().parent == folder.resolve()
    write_text(path, "x")
    assert [one.name for one in folder.iterdir()] == [name]
    assert [one.name for one in folder.parent.iterdir()] == ["inner"]


@given(st.from_regex(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,63}", fullmatch=True))
def test_every_good_id_names_a_file(galaxy_id):
    name = f"{check_galaxy_id(galaxy_id)}.fits"
    assert inside(Path("images"), name) == Path("images") / name
    assert inside(Path(), name) == Path(name)


@given(NAMES)
def test_an_id_that_passes_is_a_name(name):
    try:
        check_galaxy_id(name)
    except TableError:
        return
    inside(Path("x"), name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".x", "a/b", "a\\b", "/a", "a\0", "x" * 121, "a:b"]
)
def test_no_names(name):
    with pytest.raises(TableError, match="plain name"):
        inside(Path("x"), name)
