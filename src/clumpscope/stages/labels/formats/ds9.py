"""Labels as DS9 regions: one file a galaxy, boxes in image pixels (DS9 counts from 1)."""

import re
from collections.abc import Mapping

from astropy.table import QTable

from clumpscope.core.boxes import DS9_COLOURS, LABEL_NAMES, Label
from clumpscope.core.frames import boxes_fraction_to_native, boxes_native_to_fraction
from clumpscope.core.records import CORNERS
from clumpscope.core.schema import rows_by_id
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.numbers import real
from clumpscope.stages.labels.formats.base import Format, Images
from clumpscope.stages.labels.formats.common import boxes_of, extras, known_extras, labels_from

_HEAD = "# Region file format: DS9 version 4.1\n# image {width} x {height}\nimage\n"
_BOX = re.compile(r"^[+]?\s*box\s*\(?([^)#]*)\)?\s*(?:#\s*(.*))?$", re.IGNORECASE)
_LONGEST = 10_000  # characters of a line
_FARTHEST = 1e6  # of anything, px
_SHOWN = 80  # characters of what is wrong
_SIZE = re.compile(r"#\s*image\s+(\d+)\s*x\s*(\d+)")


def write(labels: QTable, images: Images) -> dict[str, str]:
    """Text of each galaxy's region file.

    Raises
    ------
    TableError
        If a box is blank.
    """
    corners = boxes_of(labels)
    texts = {}
    for galaxy_id, rows in rows_by_id(labels).items():
        height, width = images.shape(galaxy_id)
        lines = []
        for row in rows:
            x1, y1, x2, y2 = boxes_fraction_to_native(corners[row], (height, width))[0]
            numbers = ((x1 + x2) / 2 + 1, (y1 + y2) / 2 + 1, x2 - x1, y2 - y1, 0.0)
            label = Label(int(labels["label"][row]))
            more = " ".join(f"tag={{{k}={v!r}}}" for k, v in extras(labels, row).items())
            box = ",".join(repr(float(number)) for number in numbers)
            text = f"color={DS9_COLOURS[label]} text={{{LABEL_NAMES[label]}}} {more}".rstrip()
            lines.append(f"box({box}) # {text}\n")
        texts[galaxy_id] = _HEAD.format(width=width, height=height) + "".join(lines)
    return texts


def read(texts: Mapping[str, str], images: Images, where: object) -> QTable:
    """Labels from the text of each galaxy's region file, in the frame ``image`` or ``physical``.

    A box whose text or tag says odd or unusual, or is orange, is an odd clump. The image's size
    is that of the sample, else of the file's own comment.

    Raises
    ------
    TableError
        If a box is turned, in another frame, or not readable; file and line are named.
    """
    rows, places = [], []
    for galaxy_id, text in texts.items():
        shape = images.shape(galaxy_id, _own_shape(text, f"{where}, {galaxy_id}"))
        frame = "image"
        for number, line in enumerate(text.splitlines(), start=1):
            place = f"{where}, {galaxy_id}, line {number}"
            if len(line) > _LONGEST:
                expected = f"at most {_LONGEST:,} characters"
                raise TableError(expected_got(place, expected, f"{len(line):,}"))
            for part in line.split(";") if "#" not in line else [line]:
                word = part.strip().lower()
                if word in ("image", "physical", "fk5", "icrs", "fk4", "galactic", "j2000", "wcs"):
                    frame = word
                if word.startswith(("box", "+box")):
                    if frame not in ("image", "physical"):
                        raise TableError(expected_got(place, "boxes in image pixels", frame))
                    rows.append(_box(galaxy_id, part.strip(), place, shape))
                    places.append(f"{galaxy_id}, line {number}")
    return labels_from(rows, where, places=places)


def _own_shape(text: str, place: str) -> tuple[int, int] | None:
    """(ny, nx) after the file's own comment, if it has one."""
    said = _SIZE.search(text)
    if said is None:
        return None
    if not all(len(side) < 7 and int(side) for side in said.groups()):
        raise TableError(expected_got(place, "# image WIDTH x HEIGHT, px", said[0][:_SHOWN]))
    return int(said[2]), int(said[1])


def _box(galaxy_id: str, text: str, place: str, shape: tuple[int, int]) -> dict[str, object]:
    found = _BOX.match(text)
    try:
        if found is None:
            raise ValueError
        numbers = (float(n) for n in re.split(r"[,\s]+", found[1].strip()) if n)
        x, y, w, h, *angle = (real(n, -_FARTHEST, _FARTHEST) for n in numbers)
        if not (w > 0 and h > 0) or (angle and angle[0] % 360):
            raise ValueError
    except ValueError:
        raise TableError(expected_got(place, "box(x, y, w, h, 0)", text[:_SHOWN])) from None
    box = [x - 1 - w / 2, y - 1 - h / 2, x - 1 + w / 2, y - 1 + h / 2]
    corners = boxes_native_to_fraction(box, shape)[0]
    about = found[2] or ""
    odd = re.search(r"odd clump|unusual|color=orange", about, re.IGNORECASE)
    more: dict[str, object] = {}
    for name, value in known_extras(dict(re.findall(r"tag=\{(\w+)=([^}]*)\}", about))).items():
        try:
            more[name] = float(str(value))
        except ValueError:
            raise TableError(expected_got(f"{place}, tag {name}", "a number", value)) from None
    return {
        "galaxy_id": galaxy_id,
        "label": int(Label.ODD if odd else Label.CLUMP),
        **dict(zip(CORNERS, corners.tolist(), strict=True)),
        **more,
    }


FORMAT = Format("texts", read, write, sample="sizes of the images", suffix=".reg")
