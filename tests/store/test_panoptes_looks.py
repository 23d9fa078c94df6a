"""Who looked at what, with which tools, on which pixels; the real export."""

import json
import tomllib

import numpy as np
import pytest

from clumpscope.config.labels import ConsensusConfig
from clumpscope.core.marks import Kind
from clumpscope.errors import TableError
from clumpscope.store.panoptes import read_export
from panoptes_rows import point, row, write
from places import SHARED

PENGUINS = SHARED / "zooniverse" / "penguin-watch-classifications-trim.csv"

TOOLS = {"Clump": "normal", "1": "odd", "Central bulge": "bulge"}

CONFIG = ConsensusConfig(tools=TOOLS)


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
