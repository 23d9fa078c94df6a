"""Table and figure of `starts`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

Row = Mapping[str, Any]
NAMES = {
    "nothing": "nothing",
    "imagenet": "ImageNet",
    "imagenet-galaxies": "ImageNet, then galaxies",
    "galaxies": "galaxies",
    "clumpy": "clumpy classifier",
}
COLOURS = ("#000000", "#E69F00", "#009E73", "#0072B2", "#CC79A7")  # Okabe & Ito
MARKERS = "osD^v"
PANELS = ((True, "encoder frozen"), (False, "encoder fine-tuned"))


def table(rows: Sequence[Row], starts: Sequence[str]) -> str:
    """Markdown: average precision, completeness and purity of each cell."""
    lines = [
        "| galaxies | encoder | start | epochs | average precision | completeness | purity |",
        "|---|---|---|---|---|---|---|",
    ]
    key = {(row["galaxies"], row["frozen"], row["start"]): row for row in rows}
    for galaxies in sorted({row["galaxies"] for row in rows}):
        for frozen, name in PANELS:
            for start in starts:
                row = key.get((galaxies, frozen, start))
                if row is not None:
                    cells = " | ".join(_share(row[x]) for x in ("ap", "completeness", "purity"))
                    what = f"{galaxies:,} | {name.removeprefix('encoder ')} | {NAMES[start]}"
                    lines.append(f"| {what} | {row['epochs']} | {cells} |")
    return "\n".join(lines)


def _share(one: Mapping[str, float]) -> str:
    return f"{one['value']:.2f} ({one['low']:.2f}–{one['high']:.2f})"


def draw(rows: Sequence[Row], starts: Sequence[str], path: Path) -> None:
    """Average precision against galaxies, a line a start, a panel a way of training."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    sizes = sorted({row["galaxies"] for row in rows})
    for axes, (frozen, title) in zip(panels, PANELS, strict=True):
        for k, start in enumerate(starts):
            mine = [row for row in rows if row["start"] == start and row["frozen"] == frozen]
            mine.sort(key=lambda row: row["galaxies"])
            if not mine:
                continue
            value, low, high = (
                np.array([r["ap"][n] for r in mine]) for n in ("value", "low", "high")
            )
            aside = 1.05 ** (k - (len(starts) - 1) / 2)  # so that bars do not hide one another
            axes.errorbar(
                [row["galaxies"] * aside for row in mine],
                value,
                np.clip([value - low, high - value], 0, None),
                color=COLOURS[k],
                marker=MARKERS[k],
                markersize=5,
                linewidth=1.3,
                capsize=2,
                label=NAMES[start],
            )
        axes.set(title=title, xlabel="training galaxies", xscale="log")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("average precision, clumps ≥ 3 % of host u flux")
    panels[0].set_ylim(bottom=0)
    panels[-1].legend(title="encoder starts from", loc="lower right")
    figure.savefig(path, dpi=150)
