"""Readers' CSVs: the template filled in, and what is refused."""

import numpy as np
import pytest

from clumpscope.errors import TableError
from clumpscope.stages.by_eye import answers, template


def read(text, count=3):
    return answers(text, "anna.csv", "anna", count, "ab12")


GOOD = "number,kind,confidence,set\n1,clump,3,ab12\n2,nothing,,ab12\n3,star,1,ab12\n"


def test_the_template_filled_in_is_read_back():
    text = template(3, "ab12")
    assert text == "number,kind,confidence,set\n1,,,ab12\n2,,,ab12\n3,,,ab12\n"
    for number, kind in ((1, "clump"), (2, "nothing"), (3, "star")):
        text = text.replace(f"{number},,", f"{number},{kind},")
    found = read(text)
    assert found.reader == "anna"
    assert found.kind.tolist() == ["clump", "nothing", "star"]
    assert not found.confidence.any()
    assert read(GOOD).confidence.tolist() == [3, 0, 1]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD.replace("\n", "\r\n"),
        GOOD.replace(",", ";"),
        GOOD.replace("star", " Star ") + "\n\n",
        'set,kind,note,number\nab12,star,"two\nlines",3\nab12,clump,,1\nab12,nothing,,2\n',
    ],
)
def test_as_spreadsheets_write_it(text):
    assert np.array_equal(read(text).kind, ["clump", "nothing", "star"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "4,clump,,ab12\n", "anna.csv, line 5: number: expected 1 to 3, got '4'"),
        (GOOD.replace("2,n", "two,n"), "anna.csv, line 3: number: expected 1 to 3, got 'two'"),
        (GOOD.replace("2,n", "²,n"), "anna.csv, line 3: number: expected 1 to 3, got '²'"),
        (GOOD + "2,star,,ab12\n", "anna.csv, line 5: number 2: expected once, got also on line 3"),
        (
            GOOD.replace("nothing", "clmp"),
            "anna.csv, line 3: kind of 2: expected one of clump, .*got 'clmp'; did you mean clump",
        ),
        (GOOD.replace("nothing", ""), "anna.csv, line 3: kind of 2: expected one of .* got none"),
        (
            GOOD.replace(",3,", ",9,"),
            "line 2: confidence in 1: expected 1, 2, 3 or .* got '9'",
        ),
        (
            GOOD.replace("ab12", "ffff"),
            "(?s)3 of 3 rows cannot be used.*line 2: set: expected ab12, .* got 'ffff'",
        ),
        (GOOD.replace("2,nothing,,ab12\n", ""), "line 3 .the last.: .* none to 1: 2"),
        (GOOD.partition("\n")[0] + "\n", "line 1 .the last.: expected answers to all of 3"),
        (GOOD.replace("kind", "sort", 1), "anna.csv, line 1: expected columns .*, got no kind"),
        (GOOD.replace("confidence", "kind", 1), "anna.csv, line 1: .* got kind twice"),
        (GOOD.replace("star,1", "star"), "anna.csv, line 4: expected 4 fields, got 3"),
        (GOOD.replace("star", '"st"ar'), "anna.csv, line 4: not a line of a CSV"),
        ("", "anna.csv, line 1: expected columns number, kind, set"),
    ],
)
def test_bad_answers_are_refused_with_file_and_line(text, message):
    with pytest.raises(TableError, match=message):
        read(text)


def test_of_many_bad_lines_five_are_told():
    text = template(40, "ab12")
    with pytest.raises(TableError, match="40 of 40 rows cannot be used(?s:.*)and 35 more"):
        read(text, 40)
