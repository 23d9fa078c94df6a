"""Figures: evaluation curves and contact sheets, north up and east left."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import Table
from astropy.wcs import WCS
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from clumpscope.core.boxes import Label
from clumpscope.plot.figures import save

Values = NDArray[np.float64]

# Colour-blind safe (Okabe & Ito).
COLOURS = {Label.CLUMP: "#56B4E9", Label.ODD: "#E69F00"}
_TRUTH = "#F0E442"
_OUTLINE = "#FFFFFF"
_FINDERS = {"detector": "#0072B2", "baseline": "#D55E00"}


def completeness_purity(curves: Table, path: Path) -> None:
    """Completeness against purity over the score threshold, and both against flux ratio.

    ``curves`` has the columns that `clumpscope.stages.evaluate.tables.curves` writes.
    """
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    against_threshold, completeness, purity = figure.subplots(1, 3)
    for finder, colour in _FINDERS.items():
        rows = curves[(curves["finder"] == finder) & (curves["n_any"] > 0)]
        by_threshold = rows[rows["against"] == "score_threshold"]
        if len(by_threshold):
            against_threshold.plot(
                by_threshold["completeness"],
                by_threshold["purity"],
                "o-" if finder == "detector" else "s",
                color=colour,
                label=finder,
                markersize=4,
            )
        by_ratio = rows[rows["against"] == "log10_flux_ratio"]
        for axes, name in ((completeness, "completeness"), (purity, "purity")):
            _with_errors(axes, by_ratio, name, colour, finder)
    against_threshold.set(
        xlabel="completeness (true flux ratio ≥ 3 %)",
        ylabel="purity (measured flux ratio ≥ 3 %)",
        xlim=(0, 1.02),
        ylim=(0, 1.02),
        title="score threshold, from the run's own up",
    )
    completeness.set(xlabel="log₁₀ true u-band flux ratio", ylabel="completeness")
    purity.set(xlabel="log₁₀ measured u-band flux ratio", ylabel="purity")
    for axes in (completeness, purity):
        axes.axvline(np.log10(0.03), color="0.6", linestyle=":")
        axes.annotate("3 %", (np.log10(0.03), 1.01), color="0.4", ha="center")
        axes.set_ylim(0, 1.08)
    for axes in (against_threshold, completeness, purity):
        axes.grid(alpha=0.3)
    if against_threshold.get_legend_handles_labels()[0]:
        against_threshold.legend(loc="lower left")
    save(figure, path)


def _with_errors(axes: Axes, rows: Table, name: str, colour: str, label: str) -> None:
    rows = rows[np.isfinite(rows[name])]
    value = np.asarray(rows[name])
    middle = (np.asarray(rows["low"]) + np.asarray(rows["high"])) / 2
    errors = [value - np.asarray(rows[f"{name}_low"]), np.asarray(rows[f"{name}_high"]) - value]
    axes.errorbar(
        middle, value, np.maximum(errors, 0), fmt="o-", color=colour, label=label, markersize=4
    )


@dataclass(frozen=True, eq=False)
class Panel:
    """One galaxy of a contact sheet, in native pixels.

    Attributes
    ----------
    title
        Text above the picture.
    rgb
        (ny, nx, 3) in [0, 1].
    wcs
        For north up; ``None`` shows rows as stored.
    outline
        (ny, nx) bool, inside the host; nowhere True draws none.
    xy, label, box
        (n, 2) positions, (n,) `Label`, (n, 4) boxes of the clumps.
    aperture_px
        Radius of the r-band aperture.
    truth_xy
        (m, 2) true clumps, drawn as crosses; may be empty.
    downward
        Rows run down, as in PNG and JPEG files; only looked at without a WCS.
    """

    title: str
    rgb: NDArray[np.float32]
    wcs: WCS | None
    outline: NDArray[np.bool_]
    xy: Values
    label: NDArray[np.int64]
    box: Values
    aperture_px: float
    truth_xy: Values
    downward: bool = False


def contact_sheet(
    panels: Sequence[Panel], path: Path, *, columns: int = 6, zoom: float = 0.62
) -> None:
    """Draw panels with boxes, apertures, host outlines and true clumps.

    ``zoom`` is the share of the field's side that is shown around the centre.
    """
    rows = -(-len(panels) // columns)
    figure = Figure(
        figsize=(2.35 * columns, 2.5 * rows + 0.6), layout="constrained", facecolor="black"
    )
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
    for ax, panel in zip(axes, panels, strict=False):
        _draw(ax, panel, zoom)
    figure.legend(
        handles=[
            Line2D([], [], color=COLOURS[Label.CLUMP], label="clump: box and aperture"),
            Line2D([], [], color=COLOURS[Label.ODD], label="odd clump"),
            Line2D([], [], color=_OUTLINE, linewidth=0.8, label="host outline"),
            Line2D([], [], color=_TRUTH, marker="+", linestyle="", label="true clump ≥ 1 %"),
        ],
        loc="outside lower center",
        ncols=4,
        frameon=False,
        labelcolor="white",
    )
    save(figure, path)


def north_up(wcs: WCS | None) -> Values:
    """(2, 2) matrix from native pixel offsets to display offsets: north up, east left."""
    if wcs is None:
        return np.eye(2)
    matrix: Values = np.diag([-1.0, 1.0]) @ wcs.pixel_scale_matrix
    unit: Values = matrix / np.sqrt(abs(np.linalg.det(matrix)))
    return unit


def _draw(ax: Axes, panel: Panel, zoom: float) -> None:
    ny, nx = panel.outline.shape
    turn = np.diag([1.0, -1.0]) if panel.wcs is None and panel.downward else north_up(panel.wcs)
    centre = (np.array([nx, ny]) - 1) / 2
    half = zoom * max(nx, ny) / 2
    # Fine enough that native pixels stay visible after the rotation.
    axis = np.linspace(-half, half, 360)
    display = np.stack(np.meshgrid(axis, axis), axis=-1)
    native = display @ np.linalg.inv(turn).T + centre
    at = [native[..., 1], native[..., 0]]
    rgb = np.stack([map_coordinates(panel.rgb[..., k], at, order=0) for k in range(3)], axis=-1)
    extent = (-half, half, -half, half)
    ax.imshow(np.clip(rgb, 0, 1), origin="lower", extent=extent, interpolation="nearest")
    if panel.outline.any():
        inside = map_coordinates(panel.outline.astype(float), at, order=1)
        ax.contour(axis, axis, inside, levels=[0.5], colors=_OUTLINE, linewidths=0.7)
    for xy, label, box in zip(panel.xy, panel.label, panel.box, strict=True):
        colour = COLOURS[Label(int(label))]
        corners = box[[[0, 1], [2, 1], [2, 3], [0, 3]]] - centre
        ax.add_patch(Polygon(corners @ turn.T, fill=False, edgecolor=colour, linewidth=1))
        ax.add_patch(
            Circle(
                tuple(turn @ (xy - centre)),
                panel.aperture_px,
                fill=False,
                edgecolor=colour,
                linewidth=0.8,
            )
        )
    if len(panel.truth_xy):
        where = (panel.truth_xy - centre) @ turn.T
        ax.plot(*where.T, "+", color=_TRUTH, markersize=7, markeredgewidth=0.9)
    ax.set(xlim=(-half, half), ylim=(-half, half))
    ax.set_title(panel.title, color="white", fontsize=7, pad=2)
