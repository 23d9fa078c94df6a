"""What `consensus` and `labels` say on the terminal."""

import sys

import pytest

from clumpscope.cli import main
from clumpscope.store.exports import Classification, write_export


@pytest.fixture
def clumpscope(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["clumpscope", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code or 0, *capsys.readouterr()

    return call


def export(path):
    """Three looks at each of four images; one volunteer has drawn stars."""
    star = (300.0, 200.0, 5, "Star")
    made = [
        Classification(
            image,
            {"galaxy_id": f"g{image}"},
            (400, 300),
            who,
            [(200.0, 150.0, 0, "Clump"), *([star] if who == "ann" else [])],
        )
        for image in range(1, 5)
        for who in ("ann", "bob", "cid")
    ]
    write_export(path, made)
    return path


RECIPE = """
[consensus]
finished_risk = 9.0
finished_each = 9.0
{more}
[consensus.tools]
Clump = "normal"
"""


def test_few_looks_and_unknown_tools_are_told(clumpscope, tmp_path):
    file = export(tmp_path / "export.csv")
    (tmp_path / "r.toml").write_text(RECIPE.format(more=""))
    command = ("consensus", file, "--workers", 1, "--recipe", tmp_path / "r.toml", "--out")
    code, out, err = clumpscope(*command, tmp_path / "a")
    assert code == 0
    assert "4 images are finished" in out
    assert "4 of 4 finished images have fewer than 10 looks: " in err
    assert "tool 'Star' (4 marks) is not in [consensus] tools: its marks were left out" in err
    (tmp_path / "r.toml").write_text(RECIPE.format(more="min_looks = 3") + 'Star = "odd"\n')
    code, out, err = clumpscope(*command, tmp_path / "b")
    assert (code, err) == (0, "")


def test_many_unknown_tools_are_told_in_short(clumpscope, tmp_path):
    points = [(9.0, 9.0, k, f"tool {k}\x1b[2J") for k in range(2, 40)]
    one = Classification(1, {}, (400, 400), "ann", [(9.0, 9.0, 0, "Clump"), *points])
    write_export(tmp_path / "export.csv", [one])
    (tmp_path / "r.toml").write_text(RECIPE.format(more=""))
    command = ("consensus", tmp_path / "export.csv", "--recipe", tmp_path / "r.toml")
    code, _, err = clumpscope(*command, "--out", tmp_path / "out")
    assert code == 0
    assert err.count("its marks were left out") == 10
    assert "and 28 tools more: see manifest.json" in err
    assert "\x1b" not in err


def test_no_known_tool_ends_with_2_and_shows_the_lines_to_add(clumpscope, tmp_path):
    file, recipe = export(tmp_path / "export.csv"), tmp_path / "r.toml"
    recipe.write_text(RECIPE.format(more="").replace("Clump", "Knot"))
    code, _, err = clumpscope("consensus", file, "--recipe", recipe, "--out", tmp_path / "o")
    assert code == 2
    assert "got marks with 'Clump' (12), 'Star' (4);" in err
    assert '[consensus.tools]\n  "Clump" = "normal"\n  "Star" = "normal"\n' in err
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("verb", ["import", "export"])
def test_formats_are_told_and_others_refused(clumpscope, tmp_path, verb):
    code, out, _ = clumpscope("labels", verb, "--help")
    assert code == 0
    for name in ("coco:", "csv:", "adams:"):
        assert name in out
    assert ("zooniverse:" in out) == (verb == "export")
    code, _, err = clumpscope("labels", verb, tmp_path, "--out", tmp_path / "o", "--format", "shp")
    assert code == 2
    assert "expected coco, ds9, csv," in err
