"""The pages that are made from the code leave nothing out."""

import json

import numpy as np

from clumpscope.config.base import Section
from clumpscope.config.recipe import Recipe, sections
from clumpscope.core import records
from clumpscope.core.clumps import clump_table, schema
from clumpscope.core.flags import ClumpFlag
from clumpscope.store.tables import write_fits
from pages import generate
from places import DOCS


def test_every_column_and_flag_is_on_the_page():
    page = generate.data_model()
    kinds = (getattr(records, name) for name, _ in generate.RECORDS.values())
    for spec in [*schema("release"), *(spec for kind in kinds for spec in kind)]:
        assert f"| `{spec.name}` | {spec.dtype} |" in page
    for flag in ClumpFlag:
        assert f"| {flag.value} | `{flag.name}` |" in page


def test_every_setting_is_on_the_page_of_its_section():
    page = {block.split("\n")[0]: block for block in generate.recipes().split("\n## ")}
    for name, section in sections(Recipe()):
        block = page[f"[{name}]" if name else "Top level"]
        for key, field in type(section).model_fields.items():
            if not isinstance(getattr(section, key), Section):
                row = next(row for row in block.split("\n") if row.startswith(f"| `{key}` | "))
                assert row.endswith(f" | {' '.join(field.description.split())} |")
    assert "| `nms_iou` | number from 0 to 1 | `0.2` | " in page["[refine]"]
    assert "| `score_threshold` | number from 0 to 1, or not set | not set | " in page["[refine]"]


def test_every_module_is_on_the_page():
    pages = generate.api()
    for name in ("clumpscope.core.frames", "clumpscope.store.tables", "clumpscope.jobs.doctor"):
        assert f".. automodule:: {name}\n" in pages[name]


def test_pages_in_the_index_exist():
    entries = (DOCS / "index.md").read_text().split("```{toctree}")[1].split("```")[0].split()
    made = {"cli", "data_model", "recipes", "api"}
    for entry in entries:
        if entry.isidentifier() and entry not in made:
            assert (DOCS / f"{entry}.md").is_file()


def test_the_notebook_runs_on_a_catalogue(tmp_path, monkeypatch):
    """Its cells, in order, on clumps of all kinds; it must leave its figure."""
    import matplotlib

    matplotlib.use("Agg")
    n = 6
    labels = np.array([1, 1, 1, 2, 2, 2])
    colours = {"u_g": [0.4, 0.5, 0.3, 1.0, 1.5, 2.5], "g_r": [0.0, 0.1, 0.0, 0.35, 0.6, 1.4]}
    table = clump_table(
        "release",
        {
            "galaxy_id": ["g"] * n,
            "clump_id": np.arange(1, n + 1),
            "clump_label_id": labels,
            **{f"clump_mag_corr_{name}": values for name, values in colours.items()},
            **{f"clump_mag_corr_err_{name}": np.full(n, 0.1) for name in colours},
            "flags": [0, 0, int(ClumpFlag.SATURATED), int(ClumpFlag.STELLAR_COLOURS), 0, 0],
        },
    )
    (tmp_path / "demo" / "run").mkdir(parents=True)
    write_fits(table, tmp_path / "demo" / "run" / "catalogue.fits")
    monkeypatch.chdir(tmp_path)
    cells = json.loads((DOCS / "colour_colour.ipynb").read_text(encoding="utf-8"))["cells"]
    space: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), space)  # noqa: S102  (our own notebook)
    assert len(space["clumps"]) == n - 1
    assert (tmp_path / "colour_colour.png").stat().st_size > 5000
