"""Labels as COCO JSON: boxes in pixels, with what COCO has no place for beside them."""

from typing import Any, TypeVar

from astropy.table import QTable

from clumpscope.core.boxes import LABEL_NAMES
from clumpscope.core.records import CORNERS
from clumpscope.core.schema import rows_by_id
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.numbers import real, said
from clumpscope.stages.labels.formats.base import Format, Images
from clumpscope.stages.labels.formats.common import boxes_of, extras, known_extras, labels_from

T = TypeVar("T")
_FARTHEST = 1e6  # of anything, px
_CATEGORIES = [{"id": int(label), "name": name} for label, name in LABEL_NAMES.items()]


def write(labels: QTable, images: Images) -> dict[str, Any]:
    """COCO's dictionary, galaxies in alphabetical order.

    Raises
    ------
    TableError
        If a box is blank.
    """
    corners = boxes_of(labels)
    pictures: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (galaxy_id, rows) in enumerate(rows_by_id(labels).items(), start=1):
        height, width = images.shape(galaxy_id)
        pictures.append(
            {
                "id": number,
                "file_name": f"{galaxy_id}.png",
                "galaxy_id": galaxy_id,
                "width": width,
                "height": height,
            }
        )
        for row in rows:
            x1, y1, x2, y2 = corners[row].tolist()
            box = [x1 * width, y1 * height, (x2 - x1) * width, (y2 - y1) * height]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": int(labels["label"][row]),
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                    "attributes": extras(labels, row),
                }
            )
    return {"images": pictures, "annotations": annotations, "categories": _CATEGORIES}


def read(data: dict[str, Any], _images: Images, where: object) -> QTable:
    """Labels from COCO's dictionary.

    A category whose name holds "odd" or "unusual" is an odd clump; a box's image is named by
    ``galaxy_id``, else by its file's stem. Of attributes only `extras` are read.

    Raises
    ------
    TableError
        If a part is missing or does not fit.
    """
    place = str(where)
    rows: list[dict[str, Any]] = []
    try:
        images = _by_id(_part(data, "images", list))
        names = _by_id(_part({"categories": _CATEGORIES} | data, "categories", list))
        for number, one in enumerate(_part(data, "annotations", list), start=1):
            place = f"{where}, annotation {number}"
            image = _one_of(images, one, "image_id")
            category = _part(_one_of(names, one, "category_id"), "name", str)
            rows.append(
                {
                    "galaxy_id": _galaxy(image),
                    "label": _label(category),
                    **dict(zip(CORNERS, _corners(one, image), strict=True)),
                    **known_extras(one.get("attributes")),
                }
            )
    except ValueError as error:
        raise TableError(f"{place}: {error}") from error
    return labels_from(rows, where, places=[f"annotation {k + 1}" for k in range(len(rows))])


def _part(whole: object, name: str, kind: type[T]) -> T:
    """A part of an object of JSON, of some kind."""
    part = whole.get(name) if isinstance(whole, dict) else None
    if not isinstance(part, kind):
        raise ValueError(expected_got("COCO", f"{name}, a {kind.__name__}", said(whole)))
    return part


def _id(whole: object, name: str) -> int | str:
    number = whole.get(name) if isinstance(whole, dict) else None
    if isinstance(number, bool) or not isinstance(number, int | str):
        raise ValueError(expected_got("COCO", f"{name}, a number or text", said(whole)))
    return number


def _by_id(items: list[Any]) -> dict[int | str, Any]:
    found = {_id(item, "id"): item for item in items}
    if len(found) < len(items):
        raise ValueError(expected_got("COCO", "each id once", "one twice"))
    return found


def _one_of(items: dict[int | str, Any], one: object, name: str) -> Any:  # noqa: ANN401 (JSON)
    number = _id(one, name)
    if number not in items:
        raise ValueError(expected_got(name, "an id that is there", said(number)))
    return items[number]


def _galaxy(image: dict[str, Any]) -> str:
    name = image.get("galaxy_id") or _part(image, "file_name", str).rsplit("/", 1)[-1]
    text = str(name) if isinstance(name, str | int) else said(name)
    return text.removesuffix(".png").removesuffix(".jpg")


def _corners(one: object, image: object) -> tuple[float, float, float, float]:
    width, height = (_side(_part(image, side, object), side) for side in ("width", "height"))
    box = _part(one, "bbox", list)
    try:
        x, y, w, h = (real(value, -_FARTHEST, _FARTHEST) for value in box)
        if w <= 0 or h <= 0:
            raise ValueError
    except ValueError:
        raise ValueError(expected_got("bbox", "x, y, w > 0, h > 0", said(box))) from None
    return x / width, y / height, (x + w) / width, (y + h) / height


def _side(value: object, name: str) -> float:
    try:
        return real(value, 1, _FARTHEST)
    except ValueError as error:
        raise ValueError(f"{name} of the image: {error}") from None


def _label(name: str) -> int:
    odd = any(word in name.lower() for word in ("odd", "unusual"))
    return 2 if odd else 1


FORMAT = Format("json", read, write, sample="sizes of the images, when written")
