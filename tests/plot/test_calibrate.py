"""The reliability diagram shows the numbers that it is given."""

import numpy as np
import pytest

from clumpscope.errors import FolderError
from clumpscope.plot import calibrate as plot
from clumpscope.plot.calibrate import Drawn, reliability_diagram


def drawn(share):
    predicted = np.array([0.1, 0.5, 0.8])
    observed = predicted * share
    return Drawn(predicted, observed, observed - 0.05, observed + 0.1, predicted, f"share {share}")


def test_curves_are_those_given(tmp_path, monkeypatch):
    figures = []
    real = plot.save
    monkeypatch.setattr(
        plot, "save", lambda figure, path: (figures.append(figure), real(figure, path))
    )
    before = {"raw": drawn(0.5), "calibrated": drawn(1.0)}
    thirds = {"S/N low": drawn(0.9), "S/N high": drawn(1.1)}
    reliability_diagram(before, thirds, tmp_path / "reliability.png")
    assert (tmp_path / "reliability.png").stat().st_size > 10_000
    left, right, low, _ = figures[0].axes
    for panel, curves in ((left, before), (right, thirds)):
        told = [text.get_text() for text in panel.get_legend().get_texts()]
        assert told == ["perfect", *(f"{name} ({one.note})" for name, one in curves.items())]
        for container, one in zip(panel.containers, curves.values(), strict=True):
            assert container.lines[0].get_xydata()[:, 1] == pytest.approx(one.observed)
            ends = np.array(container.lines[2][0].get_segments())[:, :, 1]
            assert ends == pytest.approx(np.column_stack([one.low, one.high]))
    assert (left.get_ylabel(), low.get_xlabel()) != ("", "")


def test_a_thing_that_is_no_picture_is_told(tmp_path):
    with pytest.raises(FolderError, match="ending in .png"):
        reliability_diagram({}, {}, tmp_path / "reliability.pdf")
