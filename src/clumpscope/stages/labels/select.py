"""Which boxes are trained on: the cuts of Popp et al. 2024, Table 1."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from astropy.table import QTable
from numpy.typing import ArrayLike, NDArray

from clumpscope.config.labels import LabelsConfig
from clumpscope.core.box_tables import corners_of
from clumpscope.core.boxes import Label
from clumpscope.core.schema import plain


@dataclass(frozen=True)
class Step:
    """What is left after one cut."""

    name: str
    galaxies: int
    boxes: int
    normal: int
    odd: int


def select(
    labels: QTable, config: LabelsConfig, redshift: Mapping[str, float] | None = None
) -> tuple[QTable, list[Step]]:
    """The boxes to train on, and what each cut left.

    A box goes if its host's redshift is known and out of range; if it is more likely false than
    ``max_p_false``; if it lies on the bulge; if its centre lies outside the searched field; or if
    it comes too near to the border of the field (``padding``). Boxes that a consensus made with
    a mean tool above ``odd_tool``, or a chance of being false above ``odd_p_false``, become odd.

    Parameters
    ----------
    labels
        Rows of ``labels.parquet``; corners as fractions of the image.
    redshift
        Galaxy → redshift, NaN where unknown.
    """
    labels = labels.copy()
    _judge(labels, config)
    steps = [_step("boxes given", labels)]
    near = in_range(labels["galaxy_id"], config, redshift)
    labels = _cut(steps, "redshift in range", labels, near)
    labels = _cut(steps, "likely enough", labels, _likely(labels, config))
    off = np.abs(_centres(labels) - 0.5)
    labels = _cut(steps, "bulges removed", labels, ~(off < config.bulge_radius).all(axis=1))
    off = np.abs(_centres(labels) - 0.5)
    labels = _cut(steps, "centre in the field", labels, (off <= config.field / 2).all(axis=1))
    box = corners_of(labels)
    inside = (box[:, :2] > config.padding) & (box[:, 2:] < 1 - config.padding)
    labels = _cut(steps, "off the border", labels, inside.all(axis=1))
    return labels, steps


def in_range(
    galaxy_ids: Iterable[object],
    config: LabelsConfig,
    redshift: Mapping[str, float] | None = None,
) -> NDArray[np.bool_]:
    """(N,) whether each galaxy's redshift is in range, or unknown."""
    z = np.array([(redshift or {}).get(str(name), np.nan) for name in galaxy_ids])
    low, high = config.redshift
    near: NDArray[np.bool_] = ~((z <= low) | (z >= high))
    return near


def _judge(labels: QTable, config: LabelsConfig) -> None:
    """Apply the odd rule where a consensus has left its numbers."""
    odd = np.zeros(len(labels), dtype=bool)
    if "tool_mean" in labels.colnames:
        odd |= plain(labels, "tool_mean") > config.odd_tool
    if "probability" in labels.colnames:
        odd |= 1 - plain(labels, "probability") > config.odd_p_false
    labels["label"][odd] = int(Label.ODD)


def _likely(labels: QTable, config: LabelsConfig) -> NDArray[np.bool_]:
    if "probability" not in labels.colnames:
        return np.ones(len(labels), dtype=bool)
    likely: NDArray[np.bool_] = ~(1 - plain(labels, "probability") > config.max_p_false)
    return likely


def _centres(labels: QTable) -> NDArray[np.float64]:
    box = corners_of(labels)
    centres: NDArray[np.float64] = (box[:, :2] + box[:, 2:]) / 2
    return centres


def _cut(steps: list[Step], name: str, labels: QTable, keep: ArrayLike) -> QTable:
    left = labels[np.asarray(keep, dtype=bool)]
    steps.append(_step(name, left))
    return left


def _step(name: str, labels: QTable) -> Step:
    label = plain(labels, "label")
    return Step(
        name,
        len(set(np.asarray(labels["galaxy_id"]).tolist())),
        len(labels),
        int((label == Label.CLUMP).sum()),
        int((label == Label.ODD).sum()),
    )
