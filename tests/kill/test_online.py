"""`fetch` over the network, killed by its server at some request, goes on to the same sample."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from astropy.table import Table

from kills import files
from sdss_mirror import Source, make_field, stars
from sky_server import SkyServer

SHAPE = (150, 160)
FIELDS = 3
COMMAND = """
import sys
from pathlib import Path
from clumpscope.config.recipe import load_recipe
from clumpscope.jobs.fetch import fetch, read_targets
folder = Path(sys.argv[1])
recipe = load_recipe(folder / "recipe.toml")
out = Path(sys.argv[2])
fetch("sdss", read_targets(folder / "list.csv"), None, out, recipe, size_arcsec=20.0, resume=True)
"""


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sky")
    targets = []
    for n in range(1, FIELDS + 1):
        places = [(60.0, 70.0), (100.0, 80.0)]
        sources = (*stars(SHAPE, n=9, seed=n), *(Source(*xy, 150.0, 1.5) for xy in places))
        field = make_field(folder / str(n), sources, field=n, shape=SHAPE, ra=150 + n, seed=n)
        for k, xy in enumerate(places):
            targets.append((f"g{n}{k}", *field.sky(Source(*xy, 0.0)), n))
    targets.append(("off", 10.0, -40.0, 0))
    Table(rows=targets, names=("galaxy_id", "ra", "dec", "field")).write(folder / "list.csv")
    return folder


@pytest.fixture
def server(sky, monkeypatch):
    server = SkyServer()
    server.add_frames(sky)
    for row in Table.read(sky / "list.csv"):
        if row["field"]:
            place = {"run": 3918, "rerun": 301, "camcol": 3, "field": row["field"]}
            server.rows.append({"ra": row["ra"], "dec": row["dec"], **place, "type": 3})
    (sky / "recipe.toml").write_text(
        f'[services]\nsdss_archive = "{server.url}/sas"\nsdss_catalogue = "{server.url}/sql"\n'
        "batch = 3\n[services.manners]\nat_once = 2\npause_s = 0.01\n"
    )
    yield server
    server.close()


class Run:
    """The command in a process of its own."""

    def __init__(self, sky, folder):
        here = Path(__file__).parents[2]
        environment = {**os.environ, "CLUMPSCOPE_CACHE": str(folder / "cache"), "NO_PROXY": "*"}
        environment["PYTHONPATH"] = f"{here / 'src'}"
        command = [sys.executable, "-c", COMMAND, str(sky), str(folder / "out")]
        self.process = subprocess.Popen(command, env=environment)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


def whole(sky, folder) -> dict[str, bytes]:
    assert Run(sky, folder).process.wait(300) == 0
    assert not list((folder / "out").rglob(".*"))
    assert not list((folder / "cache").rglob("*.part"))
    return files(folder / "out")


def check(server, sky, folder, wanted, moments) -> None:
    """Kill the command at some requests, one after the other, and let it end."""
    server.asked.clear(), server.given.clear()
    for moment in moments:
        reached = threading.Event()

        def seen(number, moment=moment, reached=reached):
            if number >= moment:
                reached.set()

        server.on_request = seen
        run = Run(sky, folder)
        assert reached.wait(120), moment
        run.kill()
    server.on_request = lambda _: None
    assert whole(sky, folder) == wanted
    # What had come whole at a kill may not have been put in its place: one file a transfer.
    twice = sum(count - 1 for count in server.given.values())
    assert twice <= 3 * len(moments)


@pytest.mark.slow
def test_killed_at_five_moments(server, sky, tmp_path):
    wanted = whole(sky, tmp_path / "whole")
    requests = server.asked.total()
    assert len([name for name in wanted if name.startswith("images")]) == 2 * FIELDS
    server.share = 0.1  # and faults besides
    moments = [1 + round(k * (requests - 2) / 4) for k in range(5)]
    check(server, sky, tmp_path / "killed", wanted, moments)
