"""Figures of labels and of the volunteers behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import Table
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray

from clumpscope.core.boxes import Label
from clumpscope.core.marks import Kind
from clumpscope.plot.figures import BLUE, COLOURS, GREEN, PURPLE, VERMILION, save

Values = NDArray[np.float64]

_KIND_COLOURS = {**{int(k): colour for k, colour in COLOURS.items()}, int(Kind.BULGE): PURPLE}
_KIND_NAMES = {Kind.NORMAL: "clump", Kind.ODD: "odd clump", Kind.BULGE: "bulge"}
_MARKERS = {Kind.NORMAL: "o", Kind.ODD: "s", Kind.BULGE: "^"}


@dataclass(frozen=True, eq=False)
class MarkedImage:
    """One image with its marks.

    Attributes
    ----------
    title
        Text above the picture.
    rgb
        (ny, nx, 3) in [0, 1], rows as stored; or (0, 0, 3), nothing to show.
    xy, skill, kind
        (M, 2) marks as fractions of the image, (M,) skill of each one's volunteer in [0, 1],
        (M,) `Kind`.
    boxes, box_kind, probability
        (T, 4) consensus boxes as fractions, (T,) `Kind`, (T,).
    downward
        Whether row 0 is at the top, as in PNG and JPEG.
    aspect
        Height of the image over its width.
    """

    title: str
    rgb: NDArray[np.float32]
    xy: Values
    skill: Values
    kind: NDArray[np.int64]
    boxes: Values
    box_kind: NDArray[np.int64]
    probability: Values
    downward: bool = True
    aspect: float = 1.0


def marks_sheet(
    images: Sequence[MarkedImage], path: Path, *, columns: int = 3, zoom: float = 0.6
) -> None:
    """Draw marks, coloured by their volunteers' skill, and consensus boxes over the images.

    ``zoom`` is the share of the image's side that is shown around its centre.
    """
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(4.2 * columns + 0.9, 4.4 * rows + 0.5), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    skills = Normalize(0, 1)
    for ax in axes:
        ax.set_axis_off()
    for ax, image in zip(axes, images, strict=False):
        _marked(ax, image, skills, zoom)
    figure.colorbar(
        ScalarMappable(skills, colormaps["plasma"]),
        ax=axes.tolist(),
        label="volunteer's chance to find a truth (1 − false-negative probability)",
        shrink=0.6,
    )
    figure.legend(
        handles=[
            *(
                Line2D(
                    [], [], marker=_MARKERS[kind], linestyle="", color="0.5", label=f"mark: {name}"
                )
                for kind, name in _KIND_NAMES.items()
            ),
            *(
                Line2D([], [], color=_KIND_COLOURS[kind], label=f"box: {name}")
                for kind, name in _KIND_NAMES.items()
            ),
        ],
        loc="outside lower center",
        ncols=6,
        frameon=False,
    )
    save(figure, path)


def _marked(ax: Axes, image: MarkedImage, skills: Normalize, zoom: float) -> None:
    low, high = 0.5 - zoom / 2, 0.5 + zoom / 2
    if image.rgb.size:
        # Row 0 lies at y = 0, at the top if rows run down.
        ax.imshow(
            np.clip(image.rgb, 0, 1), extent=(0, 1, 0, 1), origin="lower", interpolation="nearest"
        )
    else:
        ax.add_patch(Rectangle((0, 0), 1, 1, facecolor="0.15"))
    for kind, marker in _MARKERS.items():
        rows = image.kind == kind
        ax.scatter(
            image.xy[rows, 0],
            image.xy[rows, 1],
            c=image.skill[rows],
            norm=skills,
            cmap="plasma",
            marker=marker,
            s=14,
            linewidths=0.4,
            edgecolors="white",
        )
    for box, kind, chance in zip(image.boxes, image.box_kind, image.probability, strict=True):
        ax.add_patch(
            Rectangle(
                (box[0], box[1]),
                box[2] - box[0],
                box[3] - box[1],
                fill=False,
                edgecolor=_KIND_COLOURS[int(kind)],
                linewidth=1.5,
            )
        )
        if np.isfinite(chance):
            up = box[1] if image.downward else box[3]
            ax.text(box[2], up, f"{chance:.2f}", color="white", fontsize=7, clip_on=True)
    ax.set(
        xlim=(low, high), ylim=(high, low) if image.downward else (low, high), aspect=image.aspect
    )
    ax.set_title(image.title, fontsize=9)


def skill_map(volunteers: Table, path: Path) -> None:
    """Draw what volunteers miss against what they mark falsely.

    ``volunteers`` has the columns of ``volunteers.parquet`` that a consensus writes; position
    scatter is the colour, the number of images the size.
    """
    figure = Figure(figsize=(7, 5.4), layout="constrained")
    ax = figure.subplots()
    images = np.asarray(volunteers["n_images"], dtype=float)
    order = np.argsort(-images, kind="stable")
    width = np.asarray(volunteers["variance"])[order] ** 0.25
    points = ax.scatter(
        np.asarray(volunteers["false_negative"])[order],
        np.asarray(volunteers["false_positive"])[order],
        s=4 + 2.5 * np.sqrt(images[order]),
        c=width,
        cmap="viridis_r",
        vmax=np.quantile(width, 0.98) if len(width) else 1,
        alpha=0.75,
        linewidths=0,
    )
    figure.colorbar(points, label="typical distance of a mark from its truth (0 = same box)")
    for n in (10, 100, 1000):
        if n <= 2 * images.max(initial=0):
            ax.scatter([], [], s=4 + 2.5 * np.sqrt(n), color="0.5", label=f"{n} images")
    ax.set(
        xlabel="chance to miss a truth (false-negative probability)",
        ylabel="chance that a mark is false (false-positive probability)",
        yscale="log",
        title=f"{len(volunteers)} volunteers",
    )
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    ax.yaxis.set_minor_formatter("{x:g}")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False)
    ax.grid(alpha=0.3)
    save(figure, path)


def heat_map(labels: Table, path: Path, *, padding: float = 0.3) -> None:
    """Draw where labels lie on the images: normal, odd (Popp et al. 2024, Figure 2).

    ``padding`` is drawn as the border that labels must keep off.
    """
    figure = Figure(figsize=(9.5, 4.6), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    centre = [
        (np.asarray(labels[f"{axis}1"]) + np.asarray(labels[f"{axis}2"])) / 2 for axis in "xy"
    ]
    bins = np.linspace(0.2, 0.8, 61)
    label = np.asarray(labels["label"])
    for ax, (kind, name) in zip(
        axes, ((Label.CLUMP, "normal clumps"), (Label.ODD, "odd clumps")), strict=True
    ):
        rows = label == kind
        counts, _, _ = np.histogram2d(centre[0][rows], centre[1][rows], bins)
        top = max(2.0, counts.max(initial=0))
        mesh = ax.pcolormesh(
            bins, bins, np.where(counts > 0, counts, np.nan).T, norm=LogNorm(1, top), cmap="magma"
        )
        figure.colorbar(mesh, ax=ax, label="labels a cell of 0.01 × 0.01", shrink=0.8)
        side = 1 - 2 * padding
        ax.add_patch(
            Rectangle((padding, padding), side, side, fill=False, edgecolor="0.5", linestyle="--")
        )
        ax.set(
            title=f"{int(rows.sum())} {name}",
            xlabel="fraction of the image's columns",
            aspect="equal",
            facecolor="black",
        )
    axes[0].set(ylabel="fraction of the image's rows (first at the top)", ylim=(0.8, 0.2))
    save(figure, path)


def vote_curves(curves: Table, path: Path) -> None:
    """Draw completeness and purity of consensus and baselines over their thresholds.

    ``curves`` has ``method``, ``threshold`` (probability or share of votes), ``completeness``
    and ``purity``.
    """
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    against, over = figure.subplots(1, 2)
    colours = (BLUE, VERMILION, GREEN, PURPLE)
    for name, colour in zip(dict.fromkeys(curves["method"]), colours, strict=False):
        rows = curves[curves["method"] == name]
        against.plot(rows["completeness"], rows["purity"], ".-", color=colour, label=name)
        over.plot(
            rows["threshold"],
            rows["completeness"],
            "-",
            color=colour,
            label=f"{name}: completeness",
        )
        over.plot(rows["threshold"], rows["purity"], "--", color=colour, label=f"{name}: purity")
    against.set(xlabel="completeness", ylabel="purity", xlim=(0.3, 1.01), ylim=(0.3, 1.01))
    over.set(
        xlabel="threshold: probability, or share of the votes",
        ylabel="completeness, purity",
        ylim=(0, 1.02),
    )
    for ax in (against, over):
        ax.grid(alpha=0.3)
        ax.legend(frameon=False, fontsize=8)
    save(figure, path)
