"""Rows of a classification export, to be changed."""

import csv
import json


def row(user="ann", subject="7", marks=None, about=None, dims=(400, 400), **changes):
    """One row of an export, as a dictionary."""
    size = {"naturalWidth": dims[0], "naturalHeight": dims[1]} if dims else None
    if size:
        size |= {"clientWidth": dims[0] / 2, "clientHeight": dims[1] / 2}
    value = [{"x": 100, "y": 200, "tool": 0, "tool_label": "Clump"}] if marks is None else marks
    cells = {
        "user_name": user,
        "user_ip": "",
        "metadata": json.dumps({"subject_dimensions": [size]}),
        "annotations": json.dumps([{"task": "T0", "value": value}]),
        "subject_data": json.dumps({subject: {"galaxy_id": f"g{subject}", **(about or {})}}),
        "subject_ids": subject,
    }
    return {**cells, **changes}


def write(folder, *rows, name="export.csv"):
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(row()))
        writer.writeheader()
        writer.writerows(rows)
    return path


def point(x, y, tool=0, label="Clump", **more):
    return {"x": x, "y": y, "tool": tool, "tool_label": label, **more}
