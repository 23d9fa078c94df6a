"""`show`: what a run knows of a galaxy, gathered into one figure."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from PIL import Image

import scenes
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.composite import colour
from clumpscope.core.schema import plain
from clumpscope.errors import ImageError, StoreError, TableError
from clumpscope.jobs.detect import detect
from clumpscope.jobs.refine import refine
from clumpscope.jobs.run import run
from clumpscope.jobs.show import show
from clumpscope.store.images import read_galaxy, write_galaxy
from clumpscope.store.run import Run


@pytest.fixture(scope="module")
def busiest(finished: Path) -> str:
    """The galaxy with the most clumps."""
    galaxies = Run(finished).read("galaxies")
    return str(galaxies["galaxy_id"][np.argmax(galaxies["n_clumps"])])


@pytest.fixture(scope="module")
def flawed(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in u on cutouts that are not square: truncated, without u, and whole."""
    folder = tmp_path_factory.mktemp("flawed")
    sample = folder / "sample"
    sample.mkdir()
    first, second, third = sorted((survey / "images").iterdir())[:3]
    (sample / "broken.fits").write_bytes(first.read_bytes()[:30_000])
    for name, path, bands in (("no-u", second, "griz"), ("whole", third, "ugriz")):
        image = read_galaxy(path)
        ny = image.shape[0] - 20
        cut = {
            band: replace(
                image[band],
                data=image[band].data[:ny],
                variance=image[band].variance[:ny],
                mask=image[band].mask[:ny],
            )
            for band in bands
        }
        write_galaxy(sample / f"{name}.fits", replace(image, galaxy_id=name, bands=cut))
    run(sample, folder / "run", Recipe(measure=MeasureConfig(bands=("u",))))
    return folder / "run"


def words(figure: Figure) -> str:
    texts = [*figure.texts, *(text for ax in figure.axes for text in ax.texts)]
    return "\n".join(text.get_text() for text in texts)


def rows_of(table, galaxy_id):
    return table[np.asarray(table["galaxy_id"]) == galaxy_id]


def test_a_figure_holds_what_the_run_found(finished: Path, busiest: str) -> None:
    figure = show(finished, busiest)
    assert isinstance(figure, Figure)
    boxes = rows_of(Run(finished).read("detections"), busiest)
    clumps = rows_of(Run(finished).read("catalogue"), busiest)
    ax, table, *bands = figure.axes
    assert len([p for p in ax.patches if isinstance(p, Polygon)]) == len(boxes)
    for band in (ax, *bands):
        circles = [p for p in band.patches if isinstance(p, Circle) and not p.get_fill()]
        assert len(circles) == len(clumps)
    assert len(bands) == 5
    assert len(ax.collections) == 1  # the host's outline
    shown = [text.get_text() for text in table.texts]
    for name in ("u", "g", "r", "i", "z"):
        for value in plain(clumps, f"clump_mag_{name}"):
            assert f"{value:.2f}" in shown or any(text.startswith("> ") for text in shown)
    # By astropy's cosmology, not ours: H0 = 70, Om0 = 0.3, as the catalogue's kpc.
    kpc = plain(clumps, "FWHM_r_kpc")[0] / plain(clumps, "FWHM_r_arcsec")[0]
    (bar,) = [text for text in words(figure).splitlines() if "kpc" in text]
    arcsec, told = (float(part.split("″")[0].split()[0]) for part in bar.split("="))
    assert told == pytest.approx(arcsec * kpc, rel=0.01)


def test_the_threshold_divides_solid_boxes_from_dashed_ones(finished: Path, busiest: str) -> None:
    boxes = rows_of(Run(finished).read("detections"), busiest)
    drawn = [p for p in show(finished, busiest).axes[0].patches if isinstance(p, Polygon)]
    solid = sum(patch.get_linestyle() == "solid" for patch in drawn)
    assert solid == (plain(boxes, "score") >= Run(finished).threshold()).sum()
    assert 0 < solid < len(drawn)


def test_the_given_recipe_counts(finished: Path, busiest: str) -> None:
    def radius(recipe):
        patches = show(finished, busiest, recipe).axes[0].patches
        return next(p.radius for p in patches if isinstance(p, Circle) and not p.get_fill())

    wide = Recipe(measure=MeasureConfig(aperture_fwhm=1.4))
    assert radius(wide) / radius(None) == pytest.approx(1.4 / 1.125)


def test_positions_made_anew_outdate_the_catalogue(finished: Path, busiest: str, tmp_path) -> None:
    copy = shutil.copytree(finished, tmp_path / "run")
    refine(copy, Recipe(refine=RefineConfig(score_threshold=0.2)))
    table = Run(copy).clumps()
    assert table.meta["level"] == "positions"
    assert len(table) > len(Run(finished).clumps())
    assert "AB mag" in words(show(finished, busiest))
    assert "AB mag" not in words(show(copy, busiest))


def test_a_run_that_only_detected_shows_its_boxes(survey: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    path = sorted((survey / "images").iterdir())[2]
    shutil.copy(path, folder)
    detect(folder, tmp_path / "run", Recipe())
    figure = show(tmp_path / "run", path.stem)
    boxes = Run(tmp_path / "run").read("detections")
    assert len([p for p in figure.axes[0].patches if isinstance(p, Polygon)]) == len(boxes) > 0
    assert "no clumps" in words(figure)


def test_an_unknown_galaxy_is_told_its_likes(finished: Path) -> None:
    with pytest.raises(TableError, match=r"one of the 40 .*, got sim00012; did you mean sim0000"):
        show(finished, "sim00012")


def test_a_galaxy_that_failed_at_once_says_why(flawed: Path) -> None:
    with pytest.raises(StoreError, match="broken failed, so there is no picture: read: .*truncat"):
        show(flawed, "broken")


def test_a_galaxy_that_failed_later_is_shown_with_its_reason(flawed: Path) -> None:
    figure = show(flawed, "no-u")
    assert "measure: no-u photometry: expected one of bands u, got g r i z; name some" in (
        words(figure).replace("\n", " ")
    )
    assert len(figure.axes) == 2 + 4


def test_an_image_that_has_gone_since_is_an_image_error(flawed: Path, tmp_path: Path) -> None:
    sample = Run(flawed).sample().folder
    hidden = shutil.move(sample / "whole.fits", tmp_path / "whole.fits")
    try:
        with pytest.raises((ImageError, TableError), match="whole"):
            show(flawed, "whole")
    finally:
        shutil.move(hidden, sample / "whole.fits")


def test_a_bare_picture_that_is_not_square(survey: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for path in sorted((survey / "images").iterdir())[:4]:
        rgb = colour(read_galaxy(path), Recipe().composite)[10:-30]
        Image.fromarray((255 * rgb).astype(np.uint8)).save(folder / f"{path.stem}.png")
    run(folder, tmp_path / "run", Recipe())
    clumps = Run(tmp_path / "run").clumps()
    name = str(clumps["galaxy_id"][0])
    figure = show(tmp_path / "run", name)
    assert len(figure.axes) == 2
    rows = rows_of(clumps, name)
    with Image.open(folder / f"{name}.png") as picture:
        width, height = picture.size
    circles = [p for p in figure.axes[0].patches if isinstance(p, Circle) and not p.get_fill()]
    x, y = (plain(rows, f"clump_centre_px_{axis}") for axis in "xy")
    expected = np.column_stack([x - (width - 1) / 2, (height - 1) / 2 - y])
    assert np.array([circle.center for circle in circles]) == pytest.approx(expected)
    assert "NO_WCS" in words(figure)


def test_no_host_no_clump(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    write_galaxy(folder / "g1.fits", scenes.galaxy("g1", (80, 120), host_flux=0))
    run(folder, tmp_path / "run", Recipe(refine=RefineConfig(score_threshold=1.0)))
    assert "no clumps" in words(show(tmp_path / "run", "g1"))
