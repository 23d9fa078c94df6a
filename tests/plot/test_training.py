"""Loss curves: a picture, also of a first epoch and without held-out labels."""

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from matplotlib.figure import Figure

from clumpscope.plot import training
from clumpscope.plot.training import loss_curves

STEPS = 4


def log(epochs: int, f1: list[float]) -> Table:
    rows = []
    for epoch in range(1, epochs + 1):
        ends = epoch * STEPS
        rows += [(epoch, ends - k, 1 / (ends - k), *[np.nan] * 4) for k in range(STEPS - 1, -1, -1)]
        rows.append((epoch, ends, np.nan, 1 / ends, 2 / ends, f1[epoch - 1], f1[epoch - 1]))
    names = ("epoch", "step", "loss", "epoch_loss", "epoch_val_loss", "epoch_f1", "epoch_ap50")
    return Table(rows=rows, names=names)


@pytest.mark.parametrize("f1", [[0.1], [0.1, 0.4, 0.3], [np.nan, np.nan]])
def test_curves_are_those_of_the_log(
    f1: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []

    def kept(figure: Figure, path: Path) -> None:
        drawn.append(figure)
        real(figure, path)

    real = training.save
    monkeypatch.setattr(training, "save", kept)
    loss_curves(log(len(f1), f1), tmp_path / "losses.png")
    assert (tmp_path / "losses.png").stat().st_size > 1000
    losses, scores = drawn[0].axes
    steps, learned, held_out = (line.get_xydata() for line in losses.lines)
    assert steps[-1].tolist() == [len(f1), 1 / (len(f1) * STEPS)]
    assert learned[:, 0].tolist() == [1 + k for k in range(len(f1))]
    np.testing.assert_allclose(held_out[:, 1], 2 * learned[:, 1])
    told = [text.get_text() for text in scores.get_legend().get_texts()]
    best = f"best F1: epoch {1 + int(np.nanargmax(f1))}" if np.isfinite(f1).any() else None
    assert told[2:] == ([best] if best else [])
