"""Colours of figures have one place."""

import re
from pathlib import Path

import clumpscope.plot
from clumpscope.plot import figures

NAMES = ("VERMILION", "ORANGE", "YELLOW", "GREEN", "SKY", "BLUE", "PURPLE")


def test_a_colour_of_the_palette_is_written_once() -> None:
    palette = [getattr(figures, name) for name in NAMES]
    assert len(set(palette)) == len(palette)
    files = Path(clumpscope.plot.__file__).parent.rglob("*.py")
    written = re.findall("#[0-9A-F]{6}", "".join(file.read_text() for file in files).upper())
    assert [written.count(colour) for colour in palette] == [1] * len(palette)
