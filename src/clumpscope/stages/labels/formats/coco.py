"""Labels as COCO JSON: boxes in pixels, with what COCO has no place for beside them."""

from typing import Any

import numpy as np
from astropy.table import QTable

from clumpscope.core.boxes import LABEL_NAMES
from clumpscope.core.records import CORNERS
from clumpscope.core.schema import rows_by_id
from clumpscope.errors import TableError, expected_got
from clumpscope.stages.labels.formats.base import Format, Images
from clumpscope.stages.labels.formats.common import boxes_of, extras, labels_from

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
    ``galaxy_id``, else by its file's stem.

    Raises
    ------
    TableError
        If a part is missing or does not fit.
    """
    rows: list[dict[str, Any]] = []
    try:
        images = {one["id"]: one for one in data["images"]}
        label = {one["id"]: _label(str(one["name"])) for one in data.get("categories", _CATEGORIES)}
        for one in data["annotations"]:
            image = images[one["image_id"]]
            x, y, w, h = (float(value) for value in one["bbox"])
            width, height = float(image["width"]), float(image["height"])
            name = image.get("galaxy_id") or str(image["file_name"]).rsplit("/", 1)[-1]
            rows.append(
                {
                    "galaxy_id": str(name).removesuffix(".png").removesuffix(".jpg"),
                    "label": label[one["category_id"]],
                    **dict(zip(CORNERS, _corners(x, y, w, h, width, height), strict=True)),
                    **one.get("attributes", {}),
                }
            )
    except (KeyError, TypeError, ValueError) as error:
        place = f", annotation {len(rows) + 1}"
        raise TableError(
            expected_got(f"{where}{place}", "COCO annotations", f"{type(error).__name__} {error}")
        ) from error
    return labels_from(rows, where)


def _corners(
    x: float, y: float, w: float, h: float, width: float, height: float
) -> tuple[float, float, float, float]:
    if not np.isfinite([x, y, w, h]).all() or w <= 0 or h <= 0:
        raise ValueError(f"bbox {x, y, w, h}")
    return x / width, y / height, (x + w) / width, (y + h) / height


def _label(name: str) -> int:
    odd = any(word in name.lower() for word in ("odd", "unusual"))
    return 2 if odd else 1


FORMAT = Format("json", read, write, sample="sizes of the images, when written")
