"""What the pages tell readers to type: commands and Python, on small samples."""

import json
import re
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from astropy.table import Table
from typer.testing import CliRunner

import clumpscope
from clumpscope.cli import app
from clumpscope.core.clumps import clump_table, schema
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.frames import native_to_sky
from clumpscope.core.schema import plain
from clumpscope.jobs.labels import split_labels
from clumpscope.jobs.volunteers import volunteers
from clumpscope.models.registry import find_model
from clumpscope.stages.completeness.fit import fit
from clumpscope.store.fits_tables import write_fits
from clumpscope.store.hats import write_hats
from clumpscope.store.sample import Sample
from foreign import LAYOUTS, Scene, image, write
from known_selection import population, selection_of
from pages import README, blocks, call, lines, written
from places import DOCS, RECIPES, ROOT
from sdss_mirror import Source, make_field

PAGES = ("galaxies", "ingest", "own_labels", "cluster", "catalogue_at_scale")
RUN = [README, *(DOCS / f"{page}.md" for page in PAGES)]
LARGE = DOCS / "catalogue_at_scale.md"
PYTHON = [page for page in written() if blocks(page, "python") and page not in (README, LARGE)]
SLOW = {"train", "simulate", "evaluate"}
SERVERS = {"vet"}  # which end when they are told to: tests/vet starts them
OTHERS = {"CLUMPSCOPE_CACHE"} | {f"CLUMPSCOPE_HSC_{of}" for of in ("USER", "PASSWORD", "HOST")}
# What a line asks for that a test cannot do at once: fewer, nearer, fresh.
INSTEAD = {
    " --workers 16": " --workers 1",
    " --dask tcp://host:8786": " --workers 1",
    " --galaxies 20000": " --galaxies 2",
    "/data/frames": "frames",
    "targets/007.csv": "targets.csv",
}


@pytest.fixture(scope="session")
def things(oblong, oblong_run, tmp_path_factory):
    """A folder with what the pages call by name. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("things")
    for name in ("sample", "injected", "samples/007", "demo/sample"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(oblong)
    for name in ("run", "injected_run", "runs/007", "demo/run"):
        shutil.copytree(oblong_run, folder / name)  # evaluate writes into it
    field = make_field(folder / "frames", field=1, shape=(170, 190), ra=150.0, seed=1)
    place = field.sky(Source(95.0, 85.0, 0.0))
    Table(rows=[("a", *place)], names=("name", "RA", "DEC")).write(folder / "targets.csv")
    files_of_ones_own(folder)
    truth = Sample.open(oblong).truth()
    for name in ("positions.csv", "marks.csv"):
        places = Table({column: plain(truth, column) for column in ("galaxy_id", "x", "y")})
        places.write(folder / name)
    asked = shutil.copytree(oblong, folder / "asked")
    volunteers(asked, 4, clumpscope.Recipe(), 1, lambda _: None)
    shutil.move(asked / "classifications.csv.gz", folder / "export.csv.gz")
    for name in ("labels", "chosen"):
        (folder / name).mkdir()
        shutil.copy(oblong / "labels.parquet", folder / name)
    groups = clumpscope.Recipe(seed=1, labels={"groups": 1})
    split_labels(folder / "labels", folder / "groups.parquet", groups)
    shutil.copy(find_model(None), folder / "mine.safetensors")
    selection_of(fit(population(1500, seed=4)[0])).write(folder / "selection.json")
    shutil.copytree(RECIPES, folder / "recipes")
    native = (RECIPES / "native.toml").read_text(encoding="utf-8")
    quick = native.replace("epochs = 4", "epochs = 1").replace("batch_size = 16", "batch_size = 2")
    (folder / "recipes" / "native.toml").write_text(quick, encoding="utf-8")
    return folder


def files_of_ones_own(folder):
    """What the page on own files calls by name."""
    for name in ("files", "mosaics"):
        LAYOUTS["one_file_a_band"].build(folder / name, Scene())
    LAYOUTS["hsc"].build(folder / "hsc", Scene())
    for layout, name in (
        ("legacy", "cutout_185.7_15.8"),
        ("jwst", "jw02736_nircam_clear-f200w_i2d"),
    ):
        LAYOUTS[layout].build(folder / layout, Scene())
        (made,) = (folder / layout).iterdir()
        made.rename(folder / f"{name}.fits")
    for band in "gri":
        data, header = Scene().data(band), Scene().header(band)
        write(folder / "mine" / f"a_{band}.fits", image(data, header))
    place = native_to_sky([50.0, 48.0], Scene().wcs("r"))[0]
    Table(rows=[("a", *place)], names=("name", "ra", "dec")).write(folder / "galaxies.csv")
    (folder / "jwst.toml").write_text('[detect]\nstands_for = [["F200W", "r"]]\n')


@pytest.fixture
def desk(things, tmp_path, monkeypatch):
    """A function that lays out some of `things` in the folder that a test works in."""
    monkeypatch.chdir(tmp_path)

    def lay(*names):
        for name in names:
            top = Path(name).parts[:1]
            if top and (things / name).exists() and not Path(*top).exists():
                Path(*top).symlink_to(things.joinpath(*top))

    return lay


def filled(line, sample):
    """A line with what the test has for what a reader has."""
    for theirs, ours in INSTEAD.items():
        line = line.replace(theirs, ours)
    if line.startswith("clumpscope fetch") and "--frames" not in line:  # nobody is asked here
        line = line.partition("#")[0].replace("ten.csv", "targets.csv") + " --frames frames"
    return line.replace("GALAXY", Sample.open(sample).ids[0])


@pytest.mark.parametrize("line", sorted({line for page in written() for line in lines(page)}))
def test_every_command_of_every_page_can_be_parsed(line):
    assert call(line).command


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, marks=[pytest.mark.slow] * (line.split()[1] in SLOW))
        for line in sorted({line for page in RUN for line in lines(page)})
        if line.split()[1] not in SERVERS
    ],
)
def test_a_command_of_a_page_does_what_it_is_shown_for(line, desk, oblong):
    command = call(filled(line, oblong))
    desk(*command.reads)
    for path in command.writes:
        assert not Path(path).exists(), path
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    result = CliRunner().invoke(app, command.arguments)
    assert (result.exception, result.exit_code) == (None, 0), result.output
    for path in command.writes:
        assert Path(path).exists(), path


def cells(notebook):
    """Code of a notebook."""
    parts = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(part["source"]) for part in parts if part["cell_type"] == "code"]


def run_code(parts):
    """Run pieces of code one after the other; returns their names."""
    plt.switch_backend("Agg")
    space = {"__name__": "__main__"}
    for part in parts:
        exec(part, space)  # noqa: S102  (our own pages)
    plt.close("all")
    return space


@pytest.mark.parametrize("page", PYTHON, ids=lambda page: page.stem)
def test_the_python_of_a_page_runs(page, desk):
    desk("demo", "run", "runs", "sample", "selection.json")
    space = run_code(blocks(page, "python"))
    assert space["clumpscope"] is clumpscope


@pytest.mark.filterwarnings("ignore")  # of lsdb and pandas 3
def test_questions_to_a_large_catalogue_are_answered(desk):
    """As of a small one: counts, histogram, hosts, a cone, a match."""
    desk("run", "sample")
    write_hats(Path("run/catalogue.parquet"), Path("clumps_hats"))
    space = run_code(blocks(LARGE, "python"))
    clumps = clumpscope.read_catalogue("run")
    normal = plain(clumps, "clump_label_id") == 1
    counts = {quality: count for quality, count, _ in space["counts"]}
    quality = plain(clumps, "quality")[normal]
    assert counts == {level: int((quality == level).sum()) for level in np.unique(quality)}
    colours = plain(clumps, "clump_mag_corr_g_r")[plain(clumps, "quality") < 2]
    assert space["histogram"]["clumps"].sum() == np.isfinite(colours).sum()
    ids = Sample.open(Path("sample")).ids
    assert sorted(space["of_hosts"]["galaxy_id"]) == sorted(ids)
    assert space["of_hosts"]["clumps"].sum() == (normal & (clumps["duplicate_of"] == "")).sum()
    assert set(space["near"]["galaxy_id"]) <= set(ids)
    matched = space["matched"]
    assert len(matched) > len(clumps) / 2
    assert (matched["galaxy_id_host"] == matched["galaxy_id_clump"]).mean() > 0.9


def test_the_ten_lines_of_the_readme_leave_a_run_and_a_picture(desk):
    desk("demo")
    (block,) = blocks(README, "python")
    code = [line for line in block.splitlines() if line]
    assert len(code) <= 10
    catalogue = run_code([block])["catalogue"]
    assert len(catalogue) > 3
    assert Path("galaxy.png").stat().st_size > 20_000


def test_the_first_steps_go_from_pixels_to_a_catalogue(desk):
    desk("demo")
    space = run_code(cells(DOCS / "first_steps.ipynb"))
    assert len(space["table"]) == len(space["clumps"]) > 0
    assert space["summary"].galaxies == 8
    assert len(space["catalogue"]) == space["summary"].normal + space["summary"].odd
    assert len(space["words"]) == len(space["catalogue"])


def test_colours_are_drawn_of_clumps_that_can_be_trusted(tmp_path, monkeypatch):
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
    assert len(run_code(cells(DOCS / "colour_colour.ipynb"))["clumps"]) == n - 1
    assert (tmp_path / "colour_colour.png").stat().st_size > 5000


MESSAGES = [
    line for block in blocks(DOCS / "troubleshooting.md", "text") for line in block.splitlines()
]


def literal(message):
    """Pieces of a quoted message that stand in the code as they are."""
    pieces = re.split(r"…|: expected |, got |; |: ", message)
    return [piece.strip(" :.,'?") for piece in pieces if len(piece.strip(" :.,'?")) > 3]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_that_is_explained_is_one_of_ours(message):
    """All its pieces stand in one file; a text that is long there is joined again."""
    files = [*Path(clumpscope.__file__).parent.rglob("*.py"), ROOT / "Makefile"]
    files = [path for path in files if path.name != "remedies.py"]  # which quotes them
    texts = [re.sub(r'"\s*f?"', "", path.read_text(encoding="utf-8")) for path in files]
    pieces = literal(message)
    assert pieces
    assert any(all(piece in text for piece in pieces) for text in texts), pieces


def test_columns_and_flags_that_pages_speak_of_exist():
    known = {spec.name for spec in schema("release")} | set(ClumpFlag.__members__)
    for page in written():
        for word in re.findall(r"[`\"](clump_\w+|p_\dpct|[A-Z]+_[A-Z_]+)[`\"]", page.read_text()):
            assert word in known | OTHERS, f"{page.name}: {word}"
