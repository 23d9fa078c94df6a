"""Fixtures of the jobs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clumpscope.config.services import MannersConfig
from clumpscope.jobs import report
from clumpscope.net import download
from clumpscope.plot.paper import style
from clumpscope.plot.report import choice
from oblong import cut_sample
from servers import CONTENT, Server


@pytest.fixture(scope="module")
def narrow(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen galaxies with their labels, no image square. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("narrow") / "sample"
    cut_sample(survey, folder, 16)
    return folder


@pytest.fixture(scope="module")
def quick_figures() -> Iterator[None]:
    """Figures of the paper at few dots an inch, their letters as shapes: both take long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "_DPI", 50)
        patch.setitem(style.STYLE, "pdf.fonttype", 3)
        yield


@pytest.fixture
def server(cache, monkeypatch):
    """Where published models are fetched from: a server of one file."""
    monkeypatch.setattr(download, "MANNERS", MannersConfig(attempts=5, pause_s=0.0))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server(CONTENT)
    monkeypatch.setenv("CLUMPSCOPE_MODELS_URL", server.url)
    yield server
    server.close()


@pytest.fixture
def few_galleries(monkeypatch):
    """A gallery of five galaxies is quicker than one of thirty."""
    few = {choice.MOST: 1, choice.RANDOM: 2, choice.DOUBTFUL: 1, choice.WITHOUT: 1}
    monkeypatch.setattr(choice, "_SIZES", few)


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of a finished run, to be changed."""
    return shutil.copytree(finished, tmp_path / "copy")


@pytest.fixture
def bare_pages(monkeypatch):
    """Pages without figures of the clumps and pictures, which take longest, and others test."""
    for charts in ("clump_charts", "colour_charts"):
        monkeypatch.setattr(report, charts, lambda *_: [])
    monkeypatch.setattr(choice, "_SIZES", dict.fromkeys(choice._SIZES, 0))
