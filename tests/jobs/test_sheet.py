"""Which galaxies of a run a contact sheet shows."""

import shutil
from pathlib import Path

import pytest

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import MeasureConfig
from clumpscope.core.flags import ClumpFlag
from clumpscope.errors import StoreError, TableError
from clumpscope.jobs import sheet as module
from clumpscope.jobs.sheet import sheet
from clumpscope.plot.sheet import Panel
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Panel], str]]:
    """The panels of each sheet and what its strong clumps are, instead of a figure."""
    sheets: list[tuple[list[Panel], str]] = []
    monkeypatch.setattr(
        module, "contact_sheet", lambda panels, strong: sheets.append((panels, strong))
    )
    return sheets


def titles(drawn: list[tuple[list[Panel], str]]) -> list[str]:
    return [panel.title for panel in drawn.pop()[0]]


def test_the_first_galaxies_by_the_run_s_own_recipe(
    oblong: Path, oblong_run: Path, drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet(oblong_run)
    (panels, strong), ids = drawn[-1], Sample.open(oblong).ids
    assert ([panel.title for panel in panels], strong) == (ids, "")
    assert not any(panel.strong.any() for panel in panels)
    own = panels[0].aperture_px
    wider = Recipe(measure=MeasureConfig(aperture_fwhm=2.25))
    sheet(oblong_run, wider, truth=Sample.open(oblong).truth())
    assert drawn[-1][0][0].aperture_px == pytest.approx(2 * own)  # 1.125 is the default
    assert drawn[-1][0][0].truth_xy is not None
    monkeypatch.setattr(module, "SHEET", 3)
    sheet(oblong_run)
    assert titles(drawn) == ids[:3]


def test_those_asked_for_in_that_order(oblong_run: Path, drawn) -> None:
    sheet(oblong_run, galaxies=["sim000005", "sim000002"])
    assert titles(drawn) == ["sim000005", "sim000002"]
    with pytest.raises(TableError, match="sim00009"):
        sheet(oblong_run, galaxies=["sim00009"])


def test_some_drawn_by_lot(oblong: Path, oblong_run: Path, drawn) -> None:
    lots = []
    for seed in (1, 1, 2):
        sheet(oblong_run, random=4, seed=seed)
        lots.append(titles(drawn))
    assert lots[0] == lots[1] != lots[2]
    assert len(set(lots[0])) == 4
    assert set(lots[0] + lots[2]) <= set(Sample.open(oblong).ids)
    sheet(oblong_run, random=99)
    assert sorted(titles(drawn)) == Sample.open(oblong).ids


def test_those_with_a_flag(oblong_run: Path, tmp_path: Path, drawn) -> None:
    run = Path(shutil.copytree(oblong_run, tmp_path / "run"))
    clumps = read_parquet(run / "catalogue.parquet")
    names = clumps["galaxy_id"]
    clumps["flags"] = 0
    clumps["flags"][(names == "sim000003") | (names == "sim000007")] = int(ClumpFlag.EDGE)
    clumps["flags"][names == "sim000005"] = int(ClumpFlag.NO_DATA)
    write_parquet(clumps, run / "catalogue.parquet")
    sheet(run, flag="edge")
    panels, strong = drawn[-1]
    assert titles(drawn) == ["sim000003", "sim000007"]
    assert strong == "EDGE"
    assert all(panel.strong.all() for panel in panels)
    sheet(run, flag="EDGE", random=1, seed=3)
    assert len(titles(drawn)) == 1
    with pytest.raises(TableError, match="flag: expected a clump flag, got ege.*EDGE"):
        sheet(run, flag="ege")
    with pytest.raises(StoreError, match="expected a galaxy that can be drawn, got none"):
        sheet(run, flag="saturated")


def test_a_run_that_has_lost_its_sample_is_told(oblong_run: Path, tmp_path: Path, drawn) -> None:
    run = Path(shutil.copytree(oblong_run, tmp_path / "run"))
    (run / "manifest.json").unlink()
    with pytest.raises(StoreError, match=r"manifest\.json"):
        sheet(run)
    assert Run(oblong_run).sample()
