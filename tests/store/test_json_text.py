import pytest

from clumpscope.store.json_text import json_of, parse_json


def test_json_is_read():
    assert parse_json('{"a": [1, null]}') == parse_json(b'{"a": [1, null]}') == {"a": [1, None]}


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "9" * 5000, b"\xff\xfe\x00"])
def test_whatever_is_wrong_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_what_is_no_number_becomes_null_at_any_depth():
    value = {"a": float("nan"), "b": {"c": float("inf"), "d": 1.5}, "e": [float("nan"), {"f": "x"}]}
    read = parse_json(json_of(value))
    assert read == {"a": None, "b": {"c": None, "d": 1.5}, "e": [None, {"f": "x"}]}
