"""No control code is shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clumpscope.core.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain \u2265 \U0001f600 é\tx\n", "plain \u2265 \U0001f600 é\tx\n"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("\x9b31m\x7f\r", "\\x9b31m\\x7f\\r"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("\ud800\u2067\u2028", "\\ud800\\u2067\\u2028"),
    ],
)
def test_codes_are_written_out(text, shown):
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_what_is_left_can_be_encoded_and_moves_nothing(text):
    shown = printable(text)
    assert not {"Cc", "Cs"} & {unicodedata.category(sign) for sign in shown if sign not in "\t\n"}
    assert not {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI"} & set(
        map(unicodedata.bidirectional, shown)
    )
    shown.encode()
