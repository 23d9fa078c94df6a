"""`report`: the page stands alone and tells what the tables say, whatever a run has."""

import json

import numpy as np
import pytest
from PIL import Image

from clumpscope.config.recipe import Recipe
from clumpscope.core.clumps import clump_table, schema
from clumpscope.core.composite import colour
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.records import FAILURES, GALAXIES, record_table
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError
from clumpscope.jobs import report as module
from clumpscope.jobs.detect import detect
from clumpscope.jobs.report import report
from clumpscope.jobs.run import run
from clumpscope.store.images import read_galaxy
from clumpscope.store.run import Run
from clumpscope.store.tables import write_parquet
from reports import page_of
from runs import some

pytestmark = pytest.mark.usefixtures("few_galleries")
NASTY = "<script>alert(1)</script>&\x1b[2J\u202e"


def number(cell):
    return int(cell.replace(",", ""))


def test_the_page_tells_what_the_tables_say(finished, tmp_path):
    page = page_of(finished, tmp_path / "page.html")
    catalogue = Run(finished).read("catalogue")
    level, label = plain(catalogue, "quality"), plain(catalogue, "clump_label_id")
    *rows, total = page.tables["Clumps by quality"][1:]
    for k, row in enumerate(rows):
        counts = [int(np.sum((level == k) & (label == one))) for one in (1, 2)]
        assert [number(cell) for cell in row[1:]] == [*counts, sum(counts)]
    assert number(total[3]) == len(catalogue) > 20
    flags = plain(catalogue, "flags")
    told = {row[0]: number(row[1]) for row in page.tables["Flags of the clumps"][1:]}
    counts = {flag.name: int(np.sum(flags & flag.value > 0)) for flag in ClumpFlag}
    assert told == {name: count for name, count in counts.items() if count}
    assert "No galaxy failed." in page.text
    assert "defaults" in page.text
    columns = [row[0] for row in page.tables[f"The {len(catalogue.colnames)} columns"][1:]]
    assert columns == catalogue.colnames
    assert page.tags.count("img") == 5
    titles = ("Flux ratios", "g − r against u − g", "r − i against g − r", "Sizes")
    assert all(title in page.text for title in titles)


def test_the_same_run_gives_the_same_page_in_the_run(copy):
    first = report(copy)
    text = first.read_text(encoding="utf-8")
    assert first == copy / "report.html"
    assert report(copy).read_text(encoding="utf-8") == text
    assert len(text.encode()) < 3_000_000


@pytest.mark.usefixtures("bare_pages")
def test_text_from_outside_is_only_text(copy, tmp_path):
    galaxies = Run(copy).read("galaxies")
    ids = [str(name) for name in galaxies["galaxy_id"][:3]]
    rows = {"galaxy_id": ids, "stage": ["read", "read", NASTY], "error": [NASTY] * 3}
    write_parquet(record_table(FAILURES, rows), copy / "failures.parquet")
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["model"]["file"] = NASTY
    manifest["versions"]["clumpscope"] = NASTY
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    nasty = copy.rename(tmp_path / "<img src=x>")
    page = page_of(nasty)
    assert "<script>alert(1)</script>&\\x1b[2J\\u202e" in page.text
    assert "Clumps of <img src=x>" in page.text
    first, second = page.tables["Galaxies that failed"][1:]
    assert first[:2] == ["read", "2"]
    assert second[1:3] == ["1", ids[2]]


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(FolderError, match="is .* a sample or run"):
        report(tmp_path)


def test_a_run_that_only_detected_has_scores(survey, tmp_path):
    detect(some(survey, tmp_path / "sample", 2), tmp_path / "run", Recipe())
    page = page_of(tmp_path / "run")
    boxes = len(Run(tmp_path / "run").read("detections"))
    assert f"boxes{boxes}" in "".join(page.text.split())
    assert "This run only detected" in page.text
    assert "Scores" in page.text
    assert "Boxes a galaxy" in page.text
    assert "Clumps by quality" not in page.tables


def test_where_all_failed_the_remedy_is_told(tmp_path):
    (tmp_path / "sample").mkdir()
    for name in ("n1", "n2"):
        (tmp_path / "sample" / f"{name}.fits").write_text("no FITS")
    run(tmp_path / "sample", tmp_path / "run", Recipe())
    page = page_of(tmp_path / "run")
    assert "Every galaxy failed" in page.text
    (row,) = page.tables["Galaxies that failed"][1:]
    assert row[:3] == ["read", "2", "n1, n2"]
    assert "fetch it again" in row[4]
    assert "No galaxy was searched without failure" in page.text


def test_pictures_have_no_fluxes(oblong, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for path in sorted((oblong / "images").iterdir())[3:5]:
        rgb = colour(read_galaxy(path), Recipe().composite)
        Image.fromarray((255 * rgb).astype(np.uint8)).save(folder / f"{path.stem}.png")
    run(folder, tmp_path / "run", Recipe())
    page = page_of(tmp_path / "run")
    assert "No flux was measured" in page.text
    assert "Flux ratios" not in page.text
    assert page.tags.count("img") == 2


def test_no_clump_at_all(finished, copy):
    galaxies = Run(copy).read("galaxies")
    for name in ("n_clumps", "n_normal"):
        galaxies[name] = np.zeros(len(galaxies), dtype=np.int32)
    write_parquet(galaxies, copy / "galaxies.parquet")
    for name in ("positions", "catalogue"):
        write_parquet(Run(copy).read(name)[:0], copy / f"{name}.parquet")
    page = page_of(copy)
    assert "No clump was found." in page.text
    assert page.tags.count("img") == 1
    assert "There is nothing to draw." in page.text


def test_positions_without_a_catalogue(copy):
    (copy / "catalogue.parquet").unlink()
    page = page_of(copy)
    assert "There is no catalogue of these positions" in page.text
    assert "Clumps by quality" in page.tables
    assert "img" in page.tags


def test_a_sample_that_has_moved_leaves_no_gallery(copy):
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["inputs"]["sample"] = "/gone/away"
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    page = page_of(copy)
    assert "No pictures: " in page.text
    assert "expected its sample where it was, got /gone/away" in page.text
    assert "img" not in page.tags
    assert "Flux ratios" in page.text


@pytest.mark.usefixtures("bare_pages")
def test_a_recipe_of_another_version_is_shown_as_it_is(copy):
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["recipe"]["future"] = {"flux": "capacitor"}
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    page = page_of(copy)
    assert "of another version of clumpscope" in page.text
    assert '"flux": "capacitor"' in page.text


def test_a_broken_image_is_left_out(survey, tmp_path):
    folder = some(survey, tmp_path / "sample", 3)
    run(folder, tmp_path / "run", Recipe())
    first, *_ = sorted(folder.iterdir())
    first.write_bytes(first.read_bytes()[:30_000])
    page = page_of(tmp_path / "run")
    assert page.tags.count("img") == 2


def test_a_picture_that_cannot_be_drawn_is_left_out(finished, tmp_path, monkeypatch):
    thumbnail, calls = module.thumbnail, []

    def clumsy(panel, *rest):
        calls.append(panel.title)
        if len(calls) == 2:
            raise RuntimeError("no ink")
        return thumbnail(panel, *rest)

    monkeypatch.setattr(module, "thumbnail", clumsy)
    page = page_of(finished, tmp_path / "page.html")
    assert page.tags.count("img") == len(calls) - 1 == 4


def test_bands_of_another_survey(copy):
    old = Run(copy).read("positions")
    names = {spec.name for spec in schema("positions")}
    columns = {name: plain(old, name) for name in old.colnames if name in names}
    n = len(old)
    draw = np.random.default_rng(1)
    columns |= {f"clump_mag_corr_{c}": draw.normal(0.3, 0.2, n) for c in ("g_r", "r_i", "i_z")}
    columns |= {"clump_mag_g": np.full(n, 21.0), "clump_flux_g": np.full(n, 2e-6)}
    columns |= {"clump_flux_err_g": np.full(n, 1e-7), "flags": np.zeros(n, dtype=int)}
    write_parquet(clump_table("release", columns, bands="grizy"), copy / "catalogue.parquet")
    page = page_of(copy)
    assert "r − i against g − r" in page.text
    assert "i − z against r − i" in page.text
    assert "Signal-to-noise in g" in page.text
    assert "g − r against u − g" not in page.text
    assert "Flux ratios" not in page.text


def test_a_large_run_makes_a_small_page(copy):
    old = Run(copy).read("catalogue")
    many = 20_000
    rows = np.arange(many) % len(old)
    table = old[rows]
    table["clump_id"] = 1 + np.arange(many, dtype=np.int32)
    table["flags"] = np.zeros(many, dtype=np.int32)
    draw = np.random.default_rng(2)
    for name in ("u_g", "g_r", "r_i"):
        table[f"clump_mag_corr_{name}"][:] = (
            draw.normal(0.4, 0.3, many) * table[f"clump_mag_corr_{name}"].unit
        )
    write_parquet(table, copy / "catalogue.parquet")
    positions = clump_table(
        "positions", {spec.name: plain(table, spec.name) for spec in schema("positions")}
    )
    write_parquet(positions, copy / "positions.parquet")
    ids = [str(name) for name in Run(copy).read("galaxies")["galaxy_id"]]
    ids += [f"more{k}" for k in range(2000)]
    galaxies = record_table(GALAXIES, {"galaxy_id": ids, "status": ["failed"] * len(ids)})
    write_parquet(galaxies, copy / "galaxies.parquet")
    errors = [f"more{k}: truncated or not a FITS image: {k}" for k in range(2000)]
    rows = {"galaxy_id": ids[-2000:], "stage": ["read"] * 2000, "error": errors}
    write_parquet(record_table(FAILURES, rows), copy / "failures.parquet")
    page = page_of(copy)
    assert (copy / "report.html").stat().st_size < 1_000_000
    (row,) = page.tables["Galaxies that failed"][1:]
    assert row[1] == "2,000"
    assert row[2].endswith("and 1,995 more")
