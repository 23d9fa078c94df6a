"""The demo: everything in one command, with pictures that hold something."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from clumpscope.jobs.demo import demo
from clumpscope.store.manifest import RunManifest


def test_demo_makes_all_it_promises(tmp_path: Path) -> None:
    told = []
    result = demo(tmp_path / "demo", 8, 3, 1, told.append)
    assert sum(told) == 4 * 8
    assert all(path.exists() for path in result.places)
    metrics = json.loads((tmp_path / "demo/run/evaluation/metrics.json").read_text())
    assert set(metrics["finders"]) == {"run", "sep"}
    assert metrics["finders"]["run"]["normal"]["3pct"]["completeness"]["n"] > 0
    manifest = RunManifest.read(tmp_path / "demo/run/evaluation")
    assert (manifest.command, manifest.recipe["seed"]) == ("evaluate", 3)
    for name in ("contact_sheet.png", "run/evaluation/completeness_purity.png"):
        picture = np.asarray(Image.open(tmp_path / "demo" / name).convert("RGB"))
        assert picture.shape[0] > 300
        assert picture.std() > 10
