"""Exports written here and read back; everything that may be wrong with one."""

import csv
import gzip
import json
import tomllib

import numpy as np
import pytest

from clumpscope.config.labels import ConsensusConfig
from clumpscope.config.limits import LimitsConfig
from clumpscope.core.marks import Kind
from clumpscope.errors import FolderError, TableError
from clumpscope.store import panoptes_rows
from clumpscope.store.exports import Classification, write_export
from clumpscope.store.panoptes import read_export
from places import SHARED

PENGUINS = SHARED / "zooniverse" / "penguin-watch-classifications-trim.csv"
TOOLS = {"Clump": "normal", "1": "odd", "Central bulge": "bulge"}
CONFIG = ConsensusConfig(tools=TOOLS)


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


def test_who_is_not_logged_in(tmp_path):
    rows = [
        row("not-logged-in-1", subject="1"),
        row("not-logged-in-1", subject="2"),
        row("", subject="1", user_ip="ab12"),
        row("", subject="2", user_ip="ab12"),
        row("", subject="1"),
        row("", subject="1"),
    ]
    marks = read_export(write(tmp_path, *rows), CONFIG).marks
    assert len(marks.volunteers) == 4
    assert np.bincount(marks.look_volunteer).tolist() == [2, 2, 1, 1]


def test_tools_by_label_or_number_and_others_left_out(tmp_path):
    marks = [point(10, 10), point(20, 20, 1, "Unusual"), point(30, 30, 5, "Comment")]
    export = read_export(write(tmp_path, row(marks=marks)), CONFIG)
    assert export.marks.kind.tolist() == [Kind.NORMAL, Kind.ODD]
    assert export.unknown_tools == {"Comment": 1}
    every = read_export(write(tmp_path, row(marks=marks)), ConsensusConfig())
    assert every.marks.kind.tolist() == [Kind.NORMAL] * 3
    assert every.unknown_tools == {}


def test_marks_of_unknown_tools_are_counted_most_frequent_first(tmp_path):
    star, bare = point(30, 30, 5, "Star"), {"x": 1, "y": 1, "tool": 7}
    rows = [
        row("ann", marks=[point(10, 10), bare, star]),
        row("bob", marks=[star, star, bare]),
        row("bob", marks=[star] * 9),  # looked twice: the first time counts
    ]
    export = read_export(write(tmp_path, *rows), CONFIG)
    assert list(export.unknown_tools.items()) == [("Star", 3), ("7", 2)]
    assert len(export.marks.image) == 1


def test_no_known_tool_says_what_to_put_into_the_recipe(tmp_path):
    """What it says is a recipe that reads the export."""
    tools = ['Clump "A"', "Étoile", "7"]
    marks = [point(30, 30, 5, tools[0])] * 2 + [
        point(9, 9, 6, tools[1]),
        {"x": 1, "y": 1, "tool": 7},
    ]
    path = write(tmp_path, row(marks=marks))
    with pytest.raises(TableError) as caught:
        read_export(path, ConsensusConfig(tools={"Clump": "normal"}))
    message = str(caught.value)
    expected = "expected marks with a tool of [consensus] tools, got marks with "
    assert message.startswith(f"{path}: {expected}'Clump \"A\"' (2), 'Étoile' (1), '7' (1);")
    recipe = tomllib.loads(message[message.index("[consensus.tools]") :])
    assert recipe == {"consensus": {"tools": dict.fromkeys(tools, "normal")}}
    export = read_export(path, ConsensusConfig(**recipe["consensus"]))
    assert len(export.marks.image) == 4


def test_an_export_without_any_mark_needs_no_tool(tmp_path):
    export = read_export(write(tmp_path, row(marks=[])), CONFIG)
    assert (len(export.marks.image), export.unknown_tools) == (0, {})


def test_frames_are_images_or_one(tmp_path):
    dims = {"naturalWidth": 400, "naturalHeight": 400}
    data = {"metadata": json.dumps({"subject_dimensions": [dims, dims]})}
    path = write(tmp_path, row(marks=[point(10, 10, frame=1), point(20, 20)], **data))
    apart = read_export(path, CONFIG).marks
    assert apart.images.tolist() == ["g7", "g7.frame1"]
    assert apart.image.tolist() == [0, 1]
    one = read_export(path, ConsensusConfig(tools=TOOLS, merge_frames=True)).marks
    assert one.images.tolist() == ["g7"]
    assert len(one.image) == 2


def test_sizes_come_from_other_classifications_or_the_recipe(tmp_path):
    rows = [row("a", dims=None), row("b", dims=(800, 400)), row("c", subject="9", dims=None)]
    marks = read_export(write(tmp_path, *rows), CONFIG).marks
    assert marks.size.tolist() == [[800, 400], [400, 400]]
    x = (marks.xyxy[:, 0] + marks.xyxy[:, 2]) / 2
    assert x == pytest.approx([100 / 800, 100 / 800, 100 / 400])


def test_display_coordinates_need_the_screen(tmp_path):
    config = ConsensusConfig(tools=TOOLS, coordinates="display")
    path = write(tmp_path, row(dims=None), row("bob", marks=[], dims=None), row("zoe"))
    export = read_export(path, config)
    assert [(one.row, one.column) for one in export.faults] == [(1, "metadata")]
    assert export.marks.volunteers.tolist() == ["bob", "zoe"]


def test_ids_that_a_spreadsheet_would_calculate(tmp_path):
    """As in the manifest of a subject set, which writes them so."""
    marks = read_export(write(tmp_path, row(about={"galaxy_id": "'-7"})), CONFIG).marks
    assert marks.images.tolist() == ["-7"]


def test_display_coordinates(tmp_path):
    config = ConsensusConfig(tools=TOOLS, coordinates="display")
    marks = read_export(write(tmp_path, row()), config).marks  # shown at half its size
    assert (marks.xyxy[0, :2] + marks.xyxy[0, 2:]) / 2 == pytest.approx([200 / 400, 400 / 400])


def test_shown_boxes_count_unless_struck_out(tmp_path):
    config = ConsensusConfig(tools={"Clump": "normal", "Wrong": "wrong"})
    about = {"#boxes": json.dumps([[10, 10, 30, 30, 1], [100, 100, 120, 120, 2]])}
    strike = [point(110, 115, 3, "Wrong"), point(200, 200)]
    rows = [row("a", marks=[], about=about), row("b", marks=strike, about=about)]
    marks = read_export(write(tmp_path, *rows), config).marks
    assert marks.volunteer.tolist() == [0, 0, 1, 1]
    assert marks.kind.tolist() == [1, 2, 1, 1]
    assert marks.xyxy[1] == pytest.approx(np.array([100, 100, 120, 120]) / 400)


@pytest.mark.skipif(not PENGUINS.is_file(), reason="no shared Penguin Watch export")
def test_the_real_export():
    export = read_export(PENGUINS, ConsensusConfig())
    assert (export.rows, export.used, len(export.marks)) == (599, 599, 50)
    assert len(export.marks.image) == 11505 - export.n_faults
    assert {fault.column for fault in export.faults} == {"annotations"}
    assert (export.marks.size == [1000, 750]).all()
