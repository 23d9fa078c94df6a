"""Where workers come from."""

import os
import subprocess
import sys

import pytest

from clumpscope.engine.nursery import one_thread
from places import ROOT

SCRIPT = """
import os, sys
from clumpscope.engine.local import ordered_map
from clumpscope.engine.nursery import load_for_workers
import tasks

if __name__ == "__main__":
    load_for_workers("modulefinder", "no_such_module")
    told = list(ordered_map(tasks.about_itself, range(4), 2))
    print(all(one["parent"] != os.getpid() for one in told) or sys.platform != "linux")
    print(all("modulefinder" in one["loaded"] for one in told) or sys.platform != "linux")
    print({one["threads"] for one in told}, os.environ.get("OMP_NUM_THREADS"))
"""


def test_workers_have_what_they_need_and_one_thread(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    path = os.pathsep.join([str(ROOT / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "3"}
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:3] == ["True", "True", "{'1'} 3"]


def test_threads_are_as_before_afterwards(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with one_thread():
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "5"
    assert "MKL_NUM_THREADS" not in os.environ
