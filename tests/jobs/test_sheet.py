"""`sheet`: which galaxies are drawn, and the sheet that a run leaves."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from matplotlib.collections import PatchCollection
from PIL import Image

import scenes
from clumpscope import plot
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CompositeConfig
from clumpscope.core.composite import colour
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.schema import plain
from clumpscope.errors import StoreError, TableError
from clumpscope.jobs.panels import panels
from clumpscope.jobs.run import run
from clumpscope.jobs.sheet import sheet
from clumpscope.plot.sheet import contact_sheet
from clumpscope.stages.refine import positions_table
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet


def titles(figure):
    return [text.get_text().split()[0] for text in figure.axes[0].texts]


def counts(figure):
    """Clumps drawn in each panel: half its patches, a box and a circle each."""
    items = figure.axes[0].collections
    return [len(i.get_paths()) // 2 for i in items if isinstance(i, PatchCollection)]


def test_the_first_thirty_with_their_clumps(finished: Path) -> None:
    figure = sheet(finished)
    galaxies = Run(finished).read("galaxies")
    assert titles(figure) == list(galaxies["galaxy_id"][:30])
    assert counts(figure) == list(galaxies["n_clumps"][:30])


def test_named_galaxies_in_their_order(finished: Path) -> None:
    assert titles(sheet(finished, galaxies=["sim000040", "sim000002"])) == [
        "sim000040",
        "sim000002",
    ]
    with pytest.raises(TableError, match="did you mean sim000002"):
        sheet(finished, galaxies=["sim000001", "Sim000002"])


def test_random_galaxies_follow_the_seed(finished: Path) -> None:
    one, same, other = (
        titles(sheet(finished, random=6, seed=seed, recipe=Recipe())) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other
    assert len(set(one)) == 6
    assert set(one) <= set(Run(finished).sample().ids)
    assert len(titles(sheet(finished, random=99))) == 40


def test_galaxies_with_a_flag_and_the_clumps_that_have_it(finished: Path) -> None:
    clumps = Run(finished).clumps()
    has = plain(clumps, "flags") & int(ClumpFlag.LOW_SNR) > 0
    names = sorted(set(plain(clumps, "galaxy_id")[has]))
    figure = sheet(finished, flag="low_snr")
    assert titles(figure) == names[:30]
    items = [i for i in figure.axes[0].collections if isinstance(i, PatchCollection)]
    thick = [int((np.array(item.get_linewidths()) > 2).sum()) // 2 for item in items]
    galaxy = plain(clumps, "galaxy_id")
    assert thick == [int((has & (galaxy == name)).sum()) for name in names[:30]]
    few = titles(sheet(finished, flag="LOW_SNR", random=3, seed=5))
    assert len(few) == 3
    assert set(few) <= set(names)


def test_an_unknown_flag_is_told_its_likes_or_all(finished: Path) -> None:
    with pytest.raises(TableError, match="got blend; did you mean BLENDED"):
        sheet(finished, flag="blend")
    with pytest.raises(TableError, match="got xyz; there are NUCLEUS, MERGED"):
        sheet(finished, flag="xyz")


def test_galaxies_that_cannot_be_read_are_left_out(survey: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    for path in sorted((survey / "images").iterdir())[:3]:
        shutil.copy(path, folder)
    run(folder, tmp_path / "run", Recipe())
    first = sorted(folder.iterdir())[0]
    first.write_bytes(first.read_bytes()[:30_000])
    assert titles(sheet(tmp_path / "run")) == ["sim000002", "sim000003"]
    with pytest.raises(StoreError, match="expected a galaxy that can be drawn, got none"):
        sheet(tmp_path / "run", galaxies=["sim000001"])


def test_a_run_leaves_a_sheet(finished: Path) -> None:
    assert (finished / "sheet.png").stat().st_size > 100_000


def test_a_sheet_that_cannot_be_drawn_does_not_fail_the_run(
    survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    shutil.copy(sorted((survey / "images").iterdir())[0], folder)

    def broken(*_: object) -> None:
        raise RuntimeError("no ink")

    monkeypatch.setattr(plot, "contact_sheet", broken)
    summary = run(folder, tmp_path / "run", Recipe())
    assert summary.undrawn == "RuntimeError: no ink"
    assert (tmp_path / "run" / "catalogue.parquet").is_file()
    assert not (tmp_path / "run" / "sheet.png").exists()
    next(folder.iterdir()).write_text("not FITS")
    summary = run(folder, tmp_path / "other", Recipe())
    assert (summary.failed, summary.undrawn) == (1, "no galaxy's image can be read")


@pytest.mark.parametrize("known", [True, False])
def test_a_picture_is_outlined_and_its_side_told_if_known(tmp_path: Path, known: bool) -> None:
    image = scenes.galaxy(shape=(100, 120), host_flux=400, bands=("g", "r", "i"))
    pixels = np.rint(255 * colour(image, CompositeConfig())).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    if known:
        row = {"galaxy_id": ["p"], "pixscale_arcsec": [0.2], "psf_fwhm_r": [0.65]}
        write_parquet(Table(row), tmp_path / "hosts.parquet")
    sample = Sample.open(tmp_path)
    (panel,) = panels(sample, positions_table([]), Recipe(), sample.ids)
    assert 0.05 < panel.outline.mean() < 0.6
    assert panel.outline[50, 60]
    title = contact_sheet([panel]).axes[0].texts[0].get_text()
    assert ("″" in title) == known
