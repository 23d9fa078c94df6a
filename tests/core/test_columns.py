import pytest

from clumpscope.core.columns import DEC_NAMES, ID_NAMES, RA_NAMES, simplified


@pytest.mark.parametrize(
    ("name", "simple"),
    [("_RAJ2000", "raj2000"), ("RA (deg)", "radeg"), ("galaxy_id", "galaxyid"), ("z", "z")],
)
def test_case_and_signs_do_not_count(name, simple):
    assert simplified(name) == simple


def test_the_names_are_simplified_and_each_stands_once():
    names = [*ID_NAMES, *RA_NAMES, *DEC_NAMES]
    assert [simplified(name) for name in names] == names
    assert len(set(names)) == len(names)
