"""Consensus on a real export beside its reference HDBSCAN reduction (Penguin Watch).

Run alone: ``python benchmarks/bench_penguins.py [OUT]``; needs ``../shared/data/zooniverse``. The
export has no images; OUT takes ``penguins.png``, marks and boxes on dark ground.
"""

import csv
import json
import sys
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from clumpscope.config.labels import ConsensusConfig
from clumpscope.core.marks import Export
from clumpscope.ops.matching import match
from clumpscope.plot.labels import MarkedImage, marks_sheet
from clumpscope.stages.consensus.aggregate import Consensus, consensus
from clumpscope.store.panoptes import read_export

HERE = Path(__file__).resolve().parents[2] / "shared" / "data" / "zooniverse"
TOOLS = {"0": "normal", "1": "odd", "2": "bulge"}  # adults, chicks, eggs
SIDE_PX, RADIUS_PX = 30.0, 20.0
CONFIG = ConsensusConfig(tools=TOOLS, box_side_px=SIDE_PX, max_truths=400)
Values = NDArray[np.float64]


def reference(file: Path) -> dict[str, list[tuple[Values, Values, Values]]]:
    """Clusters of each subject and tool: positions (n, 2), counts (n,), own marks (m, 2)."""
    csv.field_size_limit(1 << 30)
    found: dict[str, list[tuple[Values, Values, Values]]] = {}
    with file.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            tools = []
            for tool in range(3):
                stem = f"data.frame0.T0_tool{tool}_"
                names = ("clusters_x", "clusters_y", "clusters_count", "points_x", "points_y")
                x, y, n, px, py = (
                    np.array(json.loads(row.get(stem + name) or "[]"), float) for name in names
                )
                tools.append((np.column_stack([x, y]), n, np.column_stack([px, py])))
            found[row["subject_id"]] = tools
    return found


def main(out: Path | None) -> None:
    """Print how far both agree."""
    export = read_export(HERE / "penguin-watch-classifications-trim.csv", CONFIG)
    start = process_time()
    result = consensus(export.marks, CONFIG)
    seconds = process_time() - start
    print(f"{export.used} of {export.rows} rows used, {export.n_faults} faults, {seconds:.0f} s")
    print(f"cost {result.costs[0]:.0f} -> {result.costs[-1]:.0f}, {len(result.costs)} rounds")
    clusters = reference(HERE / "pw_point_reducer_hdbscan_example.csv")
    totals = np.zeros((3, 5), dtype=int)
    offsets = []
    size = export.marks.size[0]
    for name, truths in zip(export.marks.images.tolist(), result.truths, strict=True):
        centre = (truths.xyxy[:, :2] + truths.xyxy[:, 2:]) / 2 * size
        marks = np.bincount(truths.owner[truths.owner >= 0], minlength=len(centre))
        anywhere = centre[marks >= 3]
        for tool, (xy, count, _) in enumerate(clusters[name]):
            wanted = xy[count >= 3] if len(xy) else np.zeros((0, 2))
            same = anywhere[truths.kind[marks >= 3] == tool]
            i, j = match(same, np.ones(len(same)), wanted, RADIUS_PX)
            _, other = match(anywhere, np.ones(len(anywhere)), wanted, RADIUS_PX)
            offsets += np.hypot(*(same[i] - wanted[j]).T).tolist()
            # The reference knows no cluster of fewer than four.
            large = centre[(marks >= 4) & (truths.kind == tool)]
            back, _ = match(large, np.ones(len(large)), xy, RADIUS_PX)
            totals[tool] += (len(wanted), len(j), len(other), len(large), len(back))
    for tool, name in enumerate(("adults", "chicks", "eggs")):
        there, got, placed, ours, right = totals[tool]
        print(
            f"{name:7s} reference clusters >= 3 marks {there}: found {got}, {placed} with any kind;"
            f" ours >= 4 marks {ours}, {right} in the reference"
        )
    there, got, placed, ours, right = totals.sum(axis=0)
    print(
        f"all: match rate {got / there:.3f} ({placed / there:.3f} with any kind) of {there};",
        end=" ",
    )
    print(f"{right / ours:.3f} of our {ours} >= 4 marks are in the reference;", end=" ")
    print(f"offset {np.median(offsets):.2f} px")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        marks_sheet(_panels(export, result), out / "penguins.png", columns=2, zoom=1.0)


def _panels(export: Export, result: Consensus) -> list[MarkedImage]:
    marks = export.marks
    _, at = marks.slices()
    panels = []
    for i in np.argsort(-np.diff(at))[[0, 12, 24, 36]]:
        rows = slice(at[i], at[i + 1])
        truths = result.truths[i]
        panels.append(
            MarkedImage(
                f"subject {marks.images[i]}",
                np.zeros((0, 0, 3), dtype=np.float32),
                (marks.xyxy[rows, :2] + marks.xyxy[rows, 2:]) / 2,
                1 - result.skills.false_negative[marks.volunteer[rows]],
                marks.kind[rows],
                truths.xyxy,
                truths.kind + 1,
                np.full(len(truths.kind), np.nan),
                aspect=0.75,
            )
        )
    return panels


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
