"""The page for a browser."""

import re
from html import unescape

from clumpscope.stages.by_eye import KINDS, README, html_page
from clumpscope.stages.by_eye.answers import COLUMNS
from clumpscope.stages.by_eye.page import INSTRUCTION, MEANINGS


def test_a_place_has_a_picture_and_a_button_for_each_kind():
    text = html_page(["QUFB", "QkJC"], "ab12")
    assert re.findall(r'<section id="n(\d)"><img alt="place \d" src="([^"]+)"', text) == [
        ("1", "data:image/jpeg;base64,QUFB"),
        ("2", "data:image/jpeg;base64,QkJC"),
    ]
    for number in (1, 2):
        values = re.findall(rf'name="kind{number}" value="(\w+)"', text)
        assert tuple(values) == KINDS
        assert re.findall(rf'name="confidence{number}" value="(\d)"', text) == ["1", "2", "3"]
    assert not re.search(r"@[A-Z]+@", text)


def test_it_needs_no_network_and_lets_none_in():
    text = html_page(["QUFB"], "ab12")
    assert not re.search(r"https?:|//[a-z]|<link|@import|fetch\(|XMLHttp", text)
    assert "default-src 'none'" in text


def test_it_saves_what_is_read_back():
    text = html_page(["QUFB"], "ab12")
    assert f'["{",".join(COLUMNS)}"]' in text
    assert 'MARK = "ab12"' in text


def test_the_instruction_is_at_its_head_and_in_the_readme_and_means_every_kind():
    assert INSTRUCTION in unescape(html_page([], "ab12"))
    assert README.startswith(INSTRUCTION)
    assert tuple(MEANINGS) == KINDS
    assert max(map(len, README.splitlines())) <= 100
