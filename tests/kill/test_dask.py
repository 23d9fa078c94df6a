"""A run by Dask whose workers are killed, and whose connection is lost, has the same tables."""

import os
import random
import signal
import threading
from pathlib import Path

import pytest

from clumpscope.config.recipe import Recipe
from clumpscope.jobs import shards
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from kills import files

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow


def test_tables_are_those_of_a_run_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clumpscope.engine.dask import connected

    monkeypatch.setattr(shards, "SHARD", 4)
    simulate(tmp_path / "sample", 64, Recipe(seed=3), 2)
    run(tmp_path / "sample", tmp_path / "plain", Recipe(), workers=2)
    over, killed = threading.Event(), []

    with connected("local:2") as dask:

        def kill() -> None:
            while not over.wait(8):
                number = random.choice(list(dask.client.run(os.getpid).values()))  # noqa: S311
                os.kill(number, signal.SIGKILL)
                killed.append(number)
                if len(killed) == 2:
                    dask.client.loop.add_callback(dask.client.scheduler_comm.comm.abort)

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            run(tmp_path / "sample", tmp_path / "killed", Recipe(), workers=dask)
        finally:
            over.set()
            thread.join()
    assert killed
    assert files(tmp_path / "killed") == files(tmp_path / "plain")
