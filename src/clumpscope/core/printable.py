"""Text of others, safe to show."""

import re

# C0 and C1 but for line ends and tabs, what turns the direction of text, halves of pairs.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb"
    r"\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""The text with control codes written out, as ``\x1b``: none reaches a terminal."""
    return _CONTROL.sub(lambda code: code[0].encode("unicode_escape").decode(), text)
