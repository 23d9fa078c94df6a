"""From two runs made by hand to the numbers behind the figures, counted by hand."""

import numpy as np
import pytest
from astropy.table import Table

from clumpscope.config.experiment import ExperimentConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.clumps import clump_table
from clumpscope.core.records import SPLIT, record_table
from clumpscope.core.schema import plain
from clumpscope.jobs import paper
from clumpscope.jobs.results import LABELS, Found
from clumpscope.ops.shares import Share
from clumpscope.stages.evaluate.scores import evaluate
from clumpscope.store.run import Run
from clumpscope.store.tables import write_parquet
from findings import found as clumps
from findings import galaxies

RECIPE = Recipe(
    seed=3,
    experiment=ExperimentConfig(
        models={"good": "g.toml", "blind": "b.toml"}, groups=(1,), compared_groups=(1,)
    ),
)
# Galaxy, x, y, label, score, flux ratio; 1 normal, 2 odd. A PSF-FWHM is 4 px, so 3 px match.
MARKED = [
    ("a", 20, 20, 1, 1.0, 0.12),
    ("a", 60, 60, 2, 1.0, 0.04),
    ("a", 80, 20, 1, 1.0, 0.005),
    ("b", 30, 30, 1, 1.0, np.nan),
    ("b", 70, 70, 1, 1.0, 0.02),
]
GOOD = [
    ("a", 20, 21, 1, 0.90, 0.13),
    ("a", 60, 60, 1, 0.50, 0.05),  # of the other kind, which does not matter
    ("a", 80, 20, 1, 0.40, 0.035),  # its label has 0.5 %
    ("a", 10, 90, 1, 0.80, 0.09),  # nothing is there
    ("b", 30, 31, 1, 0.60, np.nan),
    ("b", 70, 73.5, 1, 0.20, 0.02),  # too far off, and below the threshold of most figures
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("cells")
    none = clump_table("release", {})
    tables = {"labels-measured": clumps(MARKED), "good-01-test": clumps(GOOD)}
    tables |= {"good-01-all": clumps(GOOD), "blind-01-test": none, "blind-01-all": none}
    for name, table in tables.items():
        run = Run(folder / name)
        table["clump_id"] = np.arange(1, len(table) + 1)
        write_parquet(table, run.folder / "catalogue.parquet")
        write_parquet(galaxies("a", "b"), run.folder / "galaxies.parquet")
    rows = {"galaxy_id": ["a", "b", "c", "d", "e"], "group": [1] * 5}
    split = record_table(SPLIT, {**rows, "split": ["test", "test", "train", "train", "train"]})
    write_parquet(split, folder / "labels" / "groups.parquet")
    results = {name: folder / name for name in [*tables, "labels"]}
    return Found(RECIPE, {"good": RECIPE, "blind": RECIPE}, results, {})


@pytest.fixture(scope="module")
def numbers(
    found: Found, quick_figures: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Table]:
    """What lies beside Figures 8 to 12, as a reader has it."""
    out = tmp_path_factory.mktemp("paper")
    asked = {number: paper.FIGURES[number] for number in range(8, 13)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "TABLES", {})
        patch.setattr(paper, "FIGURES", asked)
        entries = paper.write_paper(found, out)
    assert [entry.missing for entry in entries] == [""] * len(asked)
    (pages,) = {path.parent for path in out.rglob("*.png")}
    return {
        number: Table.read(next(pages.glob(f"figure_{number:02d}_*.csv")), format="ascii.csv")
        for number in asked
    }


def row(table: Table, **wanted):
    mine = table
    for name, value in wanted.items():
        column = mine[name]
        same = np.abs(column - value) < 1e-9 if isinstance(value, float) else column == value
        mine = mine[same]
    (only,) = mine
    return only


def told(line, which: str) -> tuple[int, int]:
    """k of n."""
    return round(line[which] * line[f"{which}_n"]), int(line[f"{which}_n"])


@pytest.mark.parametrize(
    ("threshold", "complete", "pure"),
    [(0.1, (4, 5), (4, 6)), (0.3, (4, 5), (4, 5)), (0.55, (2, 5), (2, 3)), (0.85, (1, 5), (1, 1))],
)
def test_figure_8_counts_both_kinds_over_the_threshold(numbers, threshold, complete, pure):
    line = row(numbers[8], model="good", score_threshold=threshold)
    assert (told(line, "completeness"), told(line, "purity")) == (complete, pure)


def test_a_run_that_finds_nothing_is_complete_in_nothing_and_of_no_purity(numbers):
    line = row(numbers[8], model="blind", score_threshold=0.3)
    assert told(line, "completeness") == (0, 5)
    assert line["purity_n"] == 0
    assert np.isnan(line["purity"])


def test_figure_9_stands_at_the_galaxies_that_were_learned_from(numbers):
    line = row(numbers[9], model="good", group=1)
    assert line["training_galaxies"] == 3
    assert (told(line, "completeness"), told(line, "purity")) == ((4, 5), (4, 5))


@pytest.mark.parametrize(
    ("low", "complete", "pure"),
    [
        (-2.5, (1, 1), None),  # the label of 0.5 %
        (-1.75, (0, 1), None),  # that of 2 %, found below the threshold alone
        (-1.5, (1, 1), (2, 2)),  # claims of 3.5 and 5 %
        (-1.25, None, (0, 1)),
        (-1.0, (1, 1), (1, 1)),
    ],
)
def test_figures_10_and_11_are_in_bins_of_a_quarter_of_a_decade(numbers, low, complete, pure):
    for number, which, wanted in ((10, "completeness", complete), (11, "purity", pure)):
        line = row(numbers[number], model="good", log10_ratio_low=low)
        assert line["training_galaxies"] == 3
        if wanted is None:
            assert line[f"{which}_n"] == 0
            continue
        assert told(line, which) == wanted
        share = Share.of_counts(*wanted)
        assert (line[f"{which}_low"], line[f"{which}_high"]) == pytest.approx(
            (share.low, share.high)
        )


@pytest.mark.parametrize(
    ("cut", "complete", "pure"), [("≥ 3 %", (2, 2), (2, 4)), ("≥ 8 %", (1, 1), (1, 2))]
)
def test_figure_12_asks_of_a_label_what_evaluate_asks_of_truth(numbers, found, cut, complete, pure):
    line = row(numbers[12], model="good", cut=cut, score_threshold=0.3)
    assert (told(line, "completeness"), told(line, "purity")) == (complete, pure)
    table = clumps(GOOD)
    kept = table[plain(table, "clump_score") >= 0.3]
    judged = evaluate(kept, galaxies("a", "b"), found.truth(), bootstraps=200, seed=3)
    score = judged.at(float(cut[2]) / 100, "any_label")
    for which in ("completeness", "purity"):
        share = getattr(score, which)
        names = (which, f"{which}_low", f"{which}_high")
        assert [line[name] for name in names] == pytest.approx([share.value, share.low, share.high])


def test_what_is_of_one_threshold_has_no_clump_below_it(found):
    counted = {name: len(table) for name, table in found.catalogues().items()}
    assert counted == {LABELS: 5, "good": 5, "blind": 0}
