"""Exports written here and read back; everything that may be wrong with one."""

import gzip
import json

import numpy as np
import pytest

from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.core.marks import Kind
from clumpscope.errors import FolderError, TableError
from clumpscope.store import panoptes_rows
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.panoptes import read_export
from panoptes_rows import point, row, write

TOOLS = {"Clump": "normal", "1": "odd", "Central bulge": "bulge"}
CONFIG = ConsensusConfig(tools=TOOLS)


def test_what_is_written_is_read(tmp_path):
    made = [
        Classification(2, {"galaxy_id": "b", "box_side_px": 20}, (400, 200), "zoe", []),
        Classification(
            1,
            {"galaxy_id": "a", "box_side_px": 8},
            (400, 400),
            "ann",
            [
                (10.5, 20.25, 0, "Clump"),
                (100.0, 40.0, 1, "Unusual clump"),
            ],
        ),
        Classification(
            2,
            {"galaxy_id": "b", "box_side_px": 20},
            (400, 200),
            "ann",
            [
                (200.0, 100.0, 2, "Central bulge"),
            ],
        ),
    ]
    for name in ("e.csv", "e.csv.gz"):
        assert write_export(tmp_path / name, made) == 3
        export = read_export(tmp_path / name, CONFIG)
        marks = export.marks
        assert (export.rows, export.used, export.n_faults) == (3, 3, 0)
        assert marks.images.tolist() == ["b", "a"]
        assert marks.volunteers.tolist() == ["zoe", "ann"]
        assert list(zip(marks.look_image, marks.look_volunteer, strict=True)) == [
            (0, 0),
            (0, 1),
            (1, 1),
        ]
        assert marks.kind.tolist() == [Kind.BULGE, Kind.NORMAL, Kind.ODD]
        assert marks.xyxy[0] == pytest.approx([190 / 400, 90 / 200, 210 / 400, 110 / 200])
        assert marks.xyxy[1] == pytest.approx(np.array([6.5, 16.25, 14.5, 24.25]) / 400)
        assert export.sides == pytest.approx(np.array([[20 / 400, 20 / 200], [0.02, 0.02]]))
    assert (tmp_path / "e.csv.gz").read_bytes()[:2] == b"\x1f\x8b"


def test_the_same_export_has_the_same_bytes(tmp_path):
    made = [Classification(1, {}, (400, 400), "ann", [(1.0, 2.0, 0, "Clump")])]
    for name in ("a.csv.gz", "b.csv.gz"):
        write_export(tmp_path / name, made)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


@pytest.mark.parametrize(
    ("changes", "column", "problem"),
    [
        ({"annotations": "[{'task'"}, "annotations", "expected JSON, got \"[{'task'\""),
        ({"annotations": '{"task": 1}'}, "annotations", "expected a JSON list"),
        ({"metadata": ""}, "metadata", "expected JSON, got ''"),
        ({"subject_ids": "", "subject_data": "{}"}, "subject_ids", "expected a subject, got none"),
        ({"subject_data": "7"}, "subject_data", "expected a JSON dict"),
        ({"about": {"galaxy_id": "../x"}}, "subject_data", "galaxy_id"),
        ({"about": {"box_side_px": "wide"}, "subject": "8"}, "subject_data", "box_side_px"),
        ({"marks": [point(1, 1)] * 201}, "annotations", "at most 200 marks, got 201"),
        ({"marks": [point(1, 401)]}, "annotations", "within 400 × 400 px, got 1, 401"),
        ({"marks": [point("a", 1)]}, "annotations", "x: expected a number, got 'a'"),
        ({"user": "ok"}, "user_name", "each subject once, got 7 again"),
        ({"marks": [point(10**400, 1)]}, "annotations", "x: expected a number from"),
        ({"marks": [point(1, 1, frame=10**400)]}, "annotations", "expected a number from -1000"),
        ({"marks": [point(9, 9, r=0)]}, "annotations", "r: expected a positive size, got 0"),
        (
            {"marks": [{"x1": 9, "y1": 9, "x2": 9, "y2": 8, "tool": 0, "tool_label": "Clump"}]},
            "annotations",
            "expected a mark of some size, got 0 × 1 px",
        ),
        (
            {
                "metadata": json.dumps(
                    {"subject_dimensions": [{"naturalWidth": 10**400, "naturalHeight": 9}]}
                )
            },
            "metadata",
            "naturalWidth, naturalHeight: expected a number",
        ),
        ({"dims": (-3.0, 400)}, "metadata", "expected a number from 1 to 1e+06, got -3.0"),
        ({"metadata": json.dumps({"subject_dimensions": [None] * 1001})}, "metadata", "got 1,001"),
        ({"about": {"box_side_px": 10**400}}, "subject_data", "box_side_px: expected a number"),
        ({"about": {"box_side_px": "1e400"}}, "subject_data", "box_side_px: expected a number"),
        ({"about": {"box_side_px": True}}, "subject_data", "box_side_px: expected a number"),
        ({"about": {"galaxy_id": None}}, "subject_data", "expected a galaxy's id, got None"),
        ({"about": {"galaxy_id": "a\0b"}}, "subject_data", "galaxy_id: expected 1 to 64"),
        ({"about": {"galaxy_id": "n" * 65}}, "subject_data", "galaxy_id: expected 1 to 64"),
        ({"subject_ids": "", "subject_data": '{"\\ud800": {}}'}, "subject_data", "surrogates"),
        ({"annotations": '[{"task": "\\ud800", "value": []}]'}, "annotations", "surrogates"),
        ({"annotations": "[" * 100_000}, "annotations", "nested too deeply"),
        ({"subject": "7" * 300}, "subject_ids", "expected a subject, got '777"),
        ({"user": "ok\0"}, "user_name", "expected text, got NUL characters"),
        (
            {"subject_ids": "", "subject_data": '{"1\\u0000": {}}'},
            "subject_ids",
            "expected a subject",
        ),
        ({"user": "u" * 300}, "user_name", "at most 200 characters"),
        *(
            (
                {"about": {"#boxes": f"[[10, 10, 30, 30, {kind}]]"}},
                "subject_data",
                "#boxes: expected",
            )
            for kind in ("NaN", "99", "-3", "1e300", "0", "1.5", "true", '"1"', "1" + "0" * 400)
        ),
        *(
            ({"about": {"#boxes": boxes}}, "subject_data", "#boxes: expected")
            for boxes in (
                *("[[1, 1, 9, 1e400, 1]]", "[[9, 1, 1, 9, 1]]", "[[1, 1, 9, 1]]", "{}", "[7]"),
                *("[[1, 1, 9, NaN, 1]]", f"[[1, 1, 9, 1{'0' * 400}, 1]]", [[None] * 5]),
            )
        ),
        ({"about": {"#boxes": "[" * 100_000}}, "subject_data", "#boxes: nested too deeply"),
        ({"about": {"#boxes": [[1, 1, 9, 9, 1]] * 2001}}, "subject_data", "2,000 boxes ([limits]"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_used(tmp_path, changes, column, problem):
    path = write(tmp_path, row("ok"), row(**changes), row("also"))
    export = read_export(path, CONFIG)
    assert export.n_faults == 1
    fault = export.faults[0]
    assert (fault.row, fault.column) == (2, column)
    assert problem in fault.problem
    assert {"ok", "also"} <= set(export.marks.volunteers)
    assert len(export.marks.image) >= 2


@pytest.mark.parametrize(
    "changes",
    [
        {
            "marks": [
                point(100, 200),
                {"points": [{"x": 1, "y": 1}], "tool": 0, "tool_label": "Clump"},
            ]
        },
        {"marks": [point(100, 200), point("a", 200)]},
        {"annotations": '[{"task": "T0", "value": "task cannot be exported"}]'},
        {"annotations": '[{"task": "T0", "value": "unknown answer label"}]'},
        {"about": {"#boxes": "[oops"}},
    ],
)
def test_who_cannot_be_read_has_not_looked(tmp_path, changes):
    """They did not see nothing: the next time they look, that one counts."""
    path = write(tmp_path, row("ok"), row("ann", **changes), row("bob", subject="8", **changes))
    export = read_export(path, CONFIG)
    assert [fault.row for fault in export.faults] == [2, 3]
    assert (export.rows, export.used) == (3, 1)
    assert export.marks.images.tolist() == ["g7"]
    assert export.marks.volunteers.tolist() == ["ok"]
    path = write(tmp_path, row("ok"), row("ann", **changes), row("ann"))
    marks = read_export(path, CONFIG).marks
    assert marks.volunteers[marks.look_volunteer].tolist() == ["ok", "ann"]


def test_a_misplaced_mark_leaves_the_look(tmp_path):
    """Off the image, or of no size: what was seen is known all the same."""
    marks = [point(500, 1), point(9, 9, r=0), point(50, 60)]
    export = read_export(write(tmp_path, row(marks=marks)), CONFIG)
    assert (export.n_faults, export.used, len(export.marks.image)) == (2, 1, 1)
    assert len(export.marks.look_image) == 1


def test_unreadable_shapes_of_tools_left_out_do_not_matter(tmp_path):
    marks = [point(50, 60), {"points": [], "tool": 9, "tool_label": "Arm"}]
    export = read_export(write(tmp_path, row(marks=marks)), CONFIG)
    assert (export.n_faults, export.unknown_tools, len(export.marks.image)) == (0, {"Arm": 1}, 1)


def test_images_with_too_many_marks_are_left_out(tmp_path):
    """Boxes shown count for each look; the others keep what they have."""
    boxes = {"#boxes": [[10, 10, 30, 30, 1]] * 4}
    rows = [
        row("ann", subject="1"),
        row("ann", subject="2", about=boxes, marks=[]),
        row("bob", subject="2", about=boxes, marks=[]),
        row("zoe", subject="2", about=boxes, marks=[]),
        row("bob", subject="3", marks=[point(50, 60, 1, "Odd")]),
        row("cat", subject="4", marks=[point(50, 60)] * 11),
    ]
    path = write(tmp_path, *rows)
    export = read_export(path, CONFIG, LimitsConfig(marks=11))
    told = [(fault.row, fault.problem) for fault in export.faults]
    assert told == [(4, "g2: expected at most 11 marks ([limits] marks), got 12")]
    marks = export.marks
    assert marks.images.tolist() == ["g1", "g3", "g4"]
    assert export.subjects == ["1", "3", "4"]
    looks = zip(marks.images[marks.look_image], marks.volunteers[marks.look_volunteer], strict=True)
    assert list(looks) == [("g1", "ann"), ("g3", "bob"), ("g4", "cat")]
    assert marks.images[marks.image].tolist() == ["g1", "g3", *["g4"] * 11]
    assert marks.kind[:2].tolist() == [Kind.NORMAL, Kind.ODD]
    assert marks.xyxy[1:3, 1] == pytest.approx((60 - 16.6 / 2) / 400)
    path = write(tmp_path, *rows[1:3], rows[5])
    with pytest.raises(TableError, match=r"usable classification, got row 2, .*: g2: .* at most 7"):
        read_export(path, CONFIG, LimitsConfig(marks=7))


def test_what_is_told_is_bounded(tmp_path):
    """However many tools and faults there are, and however long their names."""
    marks = [point(1, 1, k, f"tool {k}") for k in range(5, 35)]
    with pytest.raises(TableError, match="and 10 others") as caught:
        read_export(write(tmp_path, row(marks=marks)), CONFIG)
    assert len(str(caught.value)) < 3000
    bad = row("bob", about={"galaxy_id": "x" * 5000})
    export = read_export(write(tmp_path, row("ann"), bad), CONFIG)
    assert len(export.faults[0].problem) < 300


def test_lines_and_cells_longer_than_any(tmp_path, monkeypatch):
    monkeypatch.setattr(panoptes_rows, "_LONGEST", 5000)
    long = {"annotations": "[" + " " * 2500 + "\n" + " " * 2600 + "]"}
    with pytest.raises(TableError, match="not CSV: field larger than field limit"):
        read_export(write(tmp_path, row(), row(**long)), CONFIG)
    one = row(annotations="[" + " " * 6000 + "]")
    with pytest.raises(TableError, match=r"line 3: expected lines of less than 5,000 characters"):
        read_export(write(tmp_path, row(), one), CONFIG)


def test_missing_columns_and_no_export(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("user_name,metadata\nann,{}\n")
    with pytest.raises(TableError, match="none named annotations, subject_data, subject_ids"):
        read_export(path, CONFIG)
    path.write_text("")
    with pytest.raises(TableError, match="header"):
        read_export(path, CONFIG)
    with pytest.raises(TableError, match="at least one usable classification, got no row"):
        read_export(write(tmp_path), CONFIG)
    with pytest.raises(TableError, match="row 1, column metadata"):
        read_export(write(tmp_path, row(metadata="x")), CONFIG)
    with pytest.raises(FolderError, match="No such file"):
        read_export(tmp_path / "none.csv", CONFIG)


def test_wrong_encodings(tmp_path):
    text = write(tmp_path, row("Jörg", subject="7"), row("ann", subject="8")).read_text("utf-8")
    latin = tmp_path / "latin.csv"
    latin.write_bytes(text.encode("latin-1"))
    export = read_export(latin, CONFIG)
    assert [(f.row, f.column) for f in export.faults] == [(1, "user_name")]
    assert export.marks.volunteers.tolist() == ["ann"]
    marked = tmp_path / "bom.csv"
    marked.write_bytes(text.encode("utf-8-sig"))
    assert read_export(marked, CONFIG).marks.volunteers.tolist() == ["Jörg", "ann"]
    wide = tmp_path / "wide.csv"
    wide.write_bytes(text.encode("utf-16"))
    with pytest.raises(TableError, match="UTF-8|not CSV"):
        read_export(wide, CONFIG)


def test_a_truncated_archive(tmp_path):
    path = tmp_path / "e.csv.gz"
    packed = gzip.compress(write(tmp_path, *(row(f"u{k}") for k in range(200))).read_bytes())
    path.write_bytes(packed[:-30])
    with pytest.raises(FolderError, match="cannot be read"):
        read_export(path, CONFIG)
