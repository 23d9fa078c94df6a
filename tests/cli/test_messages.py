"""What a user sees when galaxies fail, and where pictures go."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from clumpscope.cli import app
from clumpscope.cli.common import tell_failures
from clumpscope.core.records import FAILURES, table_of_rows
from clumpscope.errors import ClusterError, FolderError, StoreError, TableError
from clumpscope.store.failures import write_failures
from clumpscope.store.images import read_galaxy, write_galaxy


def call(*arguments: object) -> Result:
    """A command in this process; what it raises on purpose comes out as `Result.exception`."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def flawed(survey: Path, tmp_path: Path) -> Path:
    """A sample of seven galaxies, six of which fail where u is to be measured."""
    folder = tmp_path / "sample"
    folder.mkdir()
    first, second, *_ = sorted((survey / "images").iterdir())
    image = read_galaxy(first)
    bands = {band: image[band] for band in "gri"}
    for k in range(1, 7):
        write_galaxy(folder / f"g{k}.fits", replace(image, galaxy_id=f"g{k}", bands=bands))
    shutil.copy(second, folder / "whole.fits")
    return folder


@pytest.fixture
def of_u(tmp_path: Path) -> Path:
    """A recipe that measures u and nothing else."""
    path = tmp_path / "u.toml"
    path.write_text('[measure]\nbands = ["u"]\n')
    return path


def test_the_first_five_failures_are_told_with_their_remedy(
    flawed: Path, of_u: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    result = call("run", flawed, "--out", out, "--workers", 1, "--recipe", of_u)
    assert result.exit_code == 0
    lines = result.stderr.splitlines()
    reason = "expected one of bands u, got g r i; name some that the image has under [measure]"
    for k, line in enumerate(lines[:5], start=1):
        assert line.startswith(f"failed: g{k}: measure: g{k} photometry: {reason}")
    assert lines[5:] == [f"and 1 more: see {out / 'failures.csv'}"]
    assert "sheet.png" in result.stdout
    assert len((out / "failures.csv").read_text().splitlines()) == 7


def test_all_failed_is_exit_code_1_and_says_that_nothing_was_drawn(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "bad.fits").write_text("no FITS")
    result = call("run", folder, "--out", tmp_path / "run", "--workers", 1)
    assert result.exit_code == 1
    assert "sheet.png was not drawn: no galaxy's image can be read" in result.stderr
    assert "failed: bad: read: " in result.stderr
    assert "fetch or copy the file again" in result.stderr
    assert "sheet.png" not in result.stdout


def test_few_failures_need_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"galaxy_id": "a", "stage": "read", "error": "[bold]gone[/bold]"}]
    write_failures(table_of_rows(FAILURES, rows), tmp_path / "failures.parquet")
    tell_failures(tmp_path / "failures.parquet")
    assert capsys.readouterr().err == "failed: a: read: [bold]gone[/bold]\n"


def test_measure_tells_and_keeps_its_failures(survey: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "positions.csv", tmp_path / "out.parquet"
    table.write_text("galaxy_id,x,y\nsim000001,30,30\nnobody,30,30\n")
    result = call("measure", survey, "--positions", table, "--out", out)
    assert result.exit_code == 1  # a galaxy that the sample lacks may be misspelt
    assert result.stderr == f"failed: nobody: measure: not a galaxy of {survey}\n"
    assert (tmp_path / "out-failures.csv").is_file()
    table.write_text("galaxy_id,x,y\nnobody,30,30\nzero,1,1\n")
    result = call("measure", survey, "--positions", table, "--out", tmp_path / "none.parquet")
    assert isinstance(result.exception, TableError)
    both = "; ".join(f"{name}: not a galaxy of {survey}" for name in ("nobody", "zero"))
    assert str(result.exception).endswith(f"got none; {both}")


def test_no_command_overwrites_a_file_that_a_user_names(
    finished: Path, survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLUMPSCOPE_CACHE", str(tmp_path))
    names = ("x.png", "x.parquet", "x.json", "x.csv", "x.safetensors", "sim000002.png")
    names += ("models/mine.safetensors",)
    for name in names:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("mine")
    Path("p.csv").write_text("galaxy_id,x,y\nsim000001,30,30\n")
    Path("r.toml").write_text("")
    labels = survey / "labels.parquet"
    for line in (
        f"show {finished} sim000002 --out x.png",
        f"show {finished} sim000002",
        f"sheet {finished} --out x.png",
        f"measure {survey} --positions p.csv --out x.parquet",
        f"labels split {labels} --out x.parquet --groups 1",
        "labels import x.csv --out x.parquet --format csv",
        f"labels export {labels} --out x.json --format coco",
        f"labels export {labels} --out x.csv --format csv",
        f"train r.toml --sample {survey} --out x.safetensors",
        "models import p.csv --as mine --out x.safetensors",
        "models import p.csv --as mine",
    ):
        result = call(*line.split())
        assert isinstance(result.exception, FolderError), (line, result.output)
        assert "expected a new file, got one that exists" in str(result.exception)
    assert {Path(name).read_text() for name in names} == {"mine"}


def test_simulate_tells_of_hosts_that_cannot_take_clumps(flawed: Path, tmp_path: Path) -> None:
    result = call("simulate", tmp_path / "out", "--hosts", flawed, "--workers", 1)
    assert result.exit_code == 0
    assert result.stderr.startswith("failed: g1: simulate: g1: expected bands u g r i z")
    assert f"and 1 more: see {tmp_path / 'out' / 'failures.csv'}" in result.stderr
    (flawed / "whole.fits").unlink()
    result = call("simulate", tmp_path / "none", "--hosts", flawed, "--workers", 1)
    assert isinstance(result.exception, StoreError)
    assert "at least one usable galaxy, got none; g1: expected bands" in str(result.exception)


def test_work_is_for_processes_or_for_dask(survey: Path, tmp_path: Path) -> None:
    arguments = ["run", survey, "--out", tmp_path / "run"]
    result = call(*arguments, "--workers", 2, "--dask", "local:2")
    assert result.exit_code == 2
    assert "expected --workers or --dask, got both" in " ".join(result.stderr.split())
    result = call(*arguments, "--dask", "local:none")
    assert isinstance(result.exception, ClusterError)
    (tmp_path / "list.csv").write_text("ra,dec\n10,10\n")
    result = call("fetch", "sdss", tmp_path / "list.csv", tmp_path / "out", "--dask", "local:2")
    assert isinstance(result.exception, TableError)
    assert str(result.exception).startswith("--dask: expected --frames")


def test_show_writes_here_or_there(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("show", finished, "sim000002")
    assert (result.exit_code, result.stdout) == (0, "sim000002.png\n")
    with Image.open(tmp_path / "sim000002.png") as picture:
        assert picture.size[0] == 1600
    result = call("show", finished, "sim000002", "--out", tmp_path / "deep" / "x.png")
    assert result.stdout == f"{tmp_path / 'deep' / 'x.png'}\n"
    assert (tmp_path / "deep" / "x.png").stat().st_size > 100_000
    assert isinstance(call("show", finished, "sim00002").exception, TableError)


def test_show_of_a_failed_galaxy_says_why_and_exits_with_1(
    flawed: Path, of_u: Path, tmp_path: Path
) -> None:
    call("run", flawed, "--out", tmp_path / "run", "--workers", 1, "--recipe", of_u)
    result = call("show", tmp_path / "run", "g3", "--out", tmp_path / "g3.png")
    assert result.exit_code == 1
    assert result.stderr.startswith("failed: g3: measure: ")
    assert (tmp_path / "g3.png").is_file()


def test_sheet_takes_names_joined_by_commas_and_a_folder_of_its_own(
    finished: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(finished, tmp_path / "run")
    (copy / "sheet.png").unlink()
    assert call("sheet", copy).stdout == f"{copy / 'sheet.png'}\n"
    assert (copy / "sheet.png").is_file()
    names = ("--galaxies", "sim000001,sim000002", "--galaxies", "sim000003")
    assert call("sheet", copy, *names, "--out", tmp_path / "s.png").exit_code == 0
    with Image.open(tmp_path / "s.png") as picture:
        assert picture.size[0] == 3 * 264 + 8
    result = call("sheet", copy, *names, "--flag", "BLENDED")
    assert isinstance(result.exception, TableError)
