"""How boxes travel with a subject of Zooniverse, and how volunteers see them."""

from typing import Literal, get_args

Shown = Literal["shown", "editable", "hidden"]
"""``shown`` are drawn into a second picture, where nobody can change them; ``editable`` ones are
marks that the volunteer begins with; ``hidden`` ones nobody sees."""

WAYS: tuple[Shown, ...] = get_args(Shown)

# Keys of a subject's metadata; the # hides them from volunteers.
BOXES_KEY = "#boxes"  # JSON of `[[x1, y1, x2, y2, kind], ...]`, pixels of the picture
SHOWN_KEY = "#boxes_are"  # of `Shown`
