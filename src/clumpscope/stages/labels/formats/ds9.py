"""Labels as DS9 regions: one file a galaxy, boxes in image pixels (DS9 counts from 1)."""

import re
from collections.abc import Mapping

from astropy.table import QTable

from clumpscope.core.boxes import Label
from clumpscope.core.frames import boxes_fraction_to_native, boxes_native_to_fraction
from clumpscope.errors import TableError, expected_got
from clumpscope.stages.labels.formats.common import (
    CORNERS,
    Size,
    extras,
    labels_from,
    rows_of,
    size_of,
)

_HEAD = "# Region file format: DS9 version 4.1\n# image {width} x {height}\nimage\n"
_COLOURS = {Label.CLUMP: "cyan", Label.ODD: "orange"}
_NAMES = {Label.CLUMP: "clump", Label.ODD: "odd clump"}
_BOX = re.compile(r"^[+]?\s*box\s*\(?([^)#]*)\)?\s*(?:#\s*(.*))?$", re.IGNORECASE)
_SIZE = re.compile(r"#\s*image\s+(\d+)\s*x\s*(\d+)")


def to_ds9(labels: QTable, sizes: Mapping[str, Size], default: Size) -> dict[str, str]:
    """Text of each galaxy's region file; ``sizes`` are width and height of the FITS images."""
    texts = {}
    for galaxy_id, rows in rows_of(labels):
        width, height = size_of(galaxy_id, sizes, default)
        lines = []
        for row in rows:
            fraction = [float(labels[name][row]) for name in CORNERS]
            x1, y1, x2, y2 = boxes_fraction_to_native(fraction, (height, width))[0]
            numbers = ((x1 + x2) / 2 + 1, (y1 + y2) / 2 + 1, x2 - x1, y2 - y1, 0.0)
            label = Label(int(labels["label"][row]))
            more = " ".join(f"tag={{{k}={v!r}}}" for k, v in extras(labels, row).items())
            box = ",".join(repr(float(number)) for number in numbers)
            text = f"color={_COLOURS[label]} text={{{_NAMES[label]}}} {more}".rstrip()
            lines.append(f"box({box}) # {text}\n")
        texts[galaxy_id] = _HEAD.format(width=width, height=height) + "".join(lines)
    return texts


def from_ds9(texts: Mapping[str, str], sizes: Mapping[str, Size], default: Size) -> QTable:
    """Labels from the text of each galaxy's region file, in the frame ``image`` or ``physical``.

    A box whose text or tag says odd or unusual, or is orange, is an odd clump. The image's size
    is that of ``sizes``, else of the file's own comment, else ``default``.

    Raises
    ------
    TableError
        If a box is turned, in another frame, or not readable; file and line are named.
    """
    rows = []
    for galaxy_id, text in texts.items():
        said = _SIZE.search(text)
        own = (int(said[1]), int(said[2])) if said else default
        width, height = size_of(galaxy_id, sizes, own)
        frame = "image"
        for number, line in enumerate(text.splitlines(), start=1):
            where = f"{galaxy_id}.reg, line {number}"
            for part in line.split(";") if "#" not in line else [line]:
                word = part.strip().lower()
                if word in ("image", "physical", "fk5", "icrs", "fk4", "galactic", "j2000", "wcs"):
                    frame = word
                if word.startswith(("box", "+box")):
                    if frame not in ("image", "physical"):
                        raise TableError(expected_got(where, "boxes in image pixels", frame))
                    rows.append(_box(galaxy_id, part.strip(), where, (height, width)))
    return labels_from(rows, "DS9 regions")


def _box(galaxy_id: str, text: str, where: str, shape: tuple[int, int]) -> dict[str, object]:
    found = _BOX.match(text)
    try:
        if found is None:
            raise ValueError
        x, y, w, h, *angle = (float(n) for n in re.split(r"[,\s]+", found[1].strip()) if n)
        if not (w > 0 and h > 0) or (angle and angle[0] % 360):
            raise ValueError
    except ValueError:
        raise TableError(expected_got(where, "box(x, y, w, h, 0)", text)) from None
    box = [x - 1 - w / 2, y - 1 - h / 2, x - 1 + w / 2, y - 1 + h / 2]
    corners = boxes_native_to_fraction(box, shape)[0]
    about = found[2] or ""
    odd = re.search(r"odd clump|unusual|color=orange", about, re.IGNORECASE)
    pairs = re.findall(r"tag=\{(\w+)=([^}]*)\}", about)
    return {
        "galaxy_id": galaxy_id,
        "label": int(Label.ODD if odd else Label.CLUMP),
        **dict(zip(CORNERS, corners.tolist(), strict=True)),
        **{name: float(value) for name, value in pairs},
    }
