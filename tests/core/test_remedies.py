"""Remedies: those of the docs, found by the messages that runs give."""

import pytest

from clumpscope.core.remedies import OTHERWISE, REMEDIES, remedy
from clumpscope.jobs.shards import DEADLY
from pages import blocks
from places import DOCS


def test_each_message_is_explained_in_the_docs():
    page = "\n".join(blocks(DOCS / "troubleshooting.md", "text"))
    assert [message for message in REMEDIES if message not in page.splitlines()] == []


@pytest.mark.parametrize("message", REMEDIES)
def test_what_varies_may_be_anything(message):
    assert remedy(message.replace("…", "a (b) [c].*\nd")) == REMEDIES[message]


@pytest.mark.parametrize(
    ("error", "word"),
    [
        ("sim1 photometry: expected one of bands u g, got r i", "[measure] bands"),
        ("g1 for model n: expected all of bands i r g, got VIS", "choose or train a model"),
        ("/x/a.fits: expected a WCS, got none", "WCS"),
        ("/x/a.fits: truncated or not a FITS image: Empty", "fetch it again"),
        ("a.fits: expected at most 9000000 px ([limits] cutout_px), got 16000000", "cutout_px"),
        (DEADLY, "run this galaxy alone"),
    ],
)
def test_messages_of_runs_have_a_remedy(error, word):
    assert word in remedy(error)


def test_of_what_nobody_foresaw_one_is_told_where_to_look():
    assert remedy("ZeroDivisionError: division by zero") == OTHERWISE
    assert remedy("") == OTHERWISE
