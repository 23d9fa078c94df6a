"""The formats of labels: each is a module of this folder and a line here.

The module's `FORMAT` says how it is read and written. It is loaded when it is asked for, so that
the command line can tell of all formats without loading any.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from clumpscope.errors import TableError, expected_got

if TYPE_CHECKING:
    from clumpscope.stages.labels.formats.base import Format

# Name of the module, and what the format is and keeps.
FORMATS = {
    "coco": "COCO's JSON; keeps everything",
    "ds9": "DS9 regions, a file a galaxy; keeps everything",
    "csv": "own lists of x, y or ra, dec or boxes, with a label",
    "authors": "the table of Popp et al. 2024; keeps everything",
    "vet": "decisions of `clumpscope vet`; keeps boxes, labels",
    "yolo": "text, a file an image; keeps boxes, labels, probability",
    "adams": "the catalogue of Adams et al. 2022; keeps ra, dec, label, completeness",
}


def format_of(name: str) -> "Format":
    """The format of a name.

    Raises
    ------
    TableError
        If there is none.
    """
    if name not in FORMATS:
        raise TableError(expected_got("format", ", ".join(FORMATS), name))
    found: Format = import_module(f"{__package__}.{name}").FORMAT
    return found
