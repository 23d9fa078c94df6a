"""`report`: what `evaluate` has found, told on the page."""

import json

import numpy as np
import pytest
from astropy.table import Table

from clumpscope.core.schema import plain
from clumpscope.store.run import Run
from clumpscope.store.tables import write_parquet
from reports import page_of

pytestmark = pytest.mark.usefixtures("few_galleries")
NASTY = "<script>alert(1)</script>&\x1b[2J\u202e"


def share(value, n):
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "k": 1, "n": n}


def evaluate_by_hand(folder):
    """What `evaluate` leaves, for two finders."""
    (folder / "evaluation").mkdir()
    score = {"completeness": share(0.91, 1200), "purity": share(0.88, 80), "f1": share(0.9, 0)}
    ratios = {"3pct": score, "8pct": score}
    one = {"normal": ratios, "chance": ratios}
    mixed = {"normal": 7, "odd": 2, "missed": 3}
    content = {
        "schema_version": 2,
        "headline": "3pct",
        "finders": {
            folder.name: {**one, "confusion": {"normal": mixed, "odd": mixed}},
            NASTY: one,
        },
    }
    (folder / "evaluation" / "metrics.json").write_text(json.dumps(content), encoding="utf-8")
    rows = [
        (finder, "normal", "3pct", against, low, high, *([0.5, 0.4, 0.6] * 2))
        for finder in (folder.name, NASTY)
        for against, low, high in (
            *(("score_threshold", t, t) for t in (0.5, 0.6, 0.7)),
            *(("log10_flux_ratio", x, x + 0.25) for x in (-2.0, -1.75)),
            *(("snr", x, x + 5) for x in (0, 5, np.inf)),
        )
    ]
    shares = [f"{s}{end}" for s in ("completeness", "purity") for end in ("", "_low", "_high")]
    names = ["finder", "kind", "flux_ratio", "against", "low", "high", *shares]
    write_parquet(Table(rows=rows, names=names), folder / "evaluation" / "curves.parquet")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "evaluation" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_an_evaluation_is_told(copy):
    evaluate_by_hand(copy)
    catalogue = Run(copy).read("catalogue")
    n = len(catalogue)
    catalogue["p_real"] = catalogue["completeness"] = np.linspace(0, 1, n)
    write_parquet(catalogue, copy / "catalogue.parquet")
    found = {"finder": np.full(n, copy.name), "real": np.arange(n) > n / 2}
    found |= {name: plain(catalogue, name) for name in ("galaxy_id", "clump_id")}
    write_parquet(Table(found), copy / "evaluation" / "found.parquet")
    page = page_of(copy)
    table = page.tables["Completeness and purity of clumps"]
    assert table[1][:3] == [copy.name, "≥ 3 %", "0.91 (0.90–0.92) of 1,200"]
    assert len(table) == 5
    confused = page.tables["True clumps of any flux, and what the run calls them"]
    assert confused[1] == ["normal", "7", "2", "3"]
    for title in (
        *("Completeness and purity", "Completeness by flux ratio", "Reliability"),
        *("Completeness by signal-to-noise", "Calibrated probabilities"),
        "Completeness of such clumps",
    ):
        assert title in page.text
    assert "Completeness by redshift" not in page.text
    assert "Not compared with truth" not in page.text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("metrics.json", "{", "Expecting"),
        ("metrics.json", "[1]", "expected schema version 2, got None"),
        ("metrics.json", '{"detector": {}}', "expected schema version 2, got None"),
        ("curves.parquet", "PAR1", "not a readable Parquet file"),
    ],
)
@pytest.mark.usefixtures("bare_pages")
def test_an_evaluation_that_cannot_be_read_is_said_so(copy, name, content, told):
    (copy / "evaluation").mkdir()
    (copy / "evaluation" / name).write_text(content)
    page = page_of(copy)
    assert told in page.text
    assert "evaluate the run again" in page.text
    assert "Clumps by quality" in page.tables


@pytest.mark.parametrize("odd", [{"finders": []}, {"finders": {"a": 1}}, {"headline": 3}])
@pytest.mark.usefixtures("bare_pages")
def test_an_evaluation_of_another_form_leaves_a_page(copy, odd):
    (copy / "evaluation").mkdir()
    text = json.dumps({"schema_version": 2, **odd})
    (copy / "evaluation" / "metrics.json").write_text(text)
    page_of(copy)
