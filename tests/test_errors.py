import inspect

import pytest

from clumpscope import errors
from clumpscope.errors import ClumpscopeError, expected_got

ALL = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]


def test_every_error_is_exported_and_in_the_table():
    defined = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, ClumpscopeError)
    }
    assert defined == {error.__name__ for error in ALL}
    table = errors.__doc__ or ""
    for error in set(ALL) - {ClumpscopeError}:
        assert f"``{error.__name__}``" in table


@pytest.mark.parametrize("error", ALL)
def test_one_except_clause_catches_all(error):
    assert issubclass(error, ClumpscopeError)
    assert error.__doc__


def test_exit_codes_tell_bad_input_from_failure():
    bad_input = {error.__name__ for error in ALL if error.exit_code == 2}
    bad = "RecipeError TableError ImageError FrameError ModelError FolderError"
    assert bad_input == set(bad.split())
    assert {error.exit_code for error in ALL} == {1, 2}


def test_message_names_thing_expectation_and_value():
    assert expected_got("size", "a positive number", -1) == (
        "size: expected a positive number, got -1"
    )
