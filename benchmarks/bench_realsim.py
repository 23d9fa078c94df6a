"""Whether a machine can tell simulated cutouts from real ones, and by what.

A logistic regression on a few dozen statistics of each cutout, cross-validated: simulated
galaxies of recipes/field.toml against all real ones brighter than r = 19 in the shared frames.
0.5 is a coin's accuracy. With --blind, shuffled pictures of both are written for people to judge.

    python benchmarks/bench_realsim.py [--blind DIR --key FILE]
"""

import argparse
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image
from reality import FRAMES, frame_cutouts, picture
from scipy import ndimage
from scipy.optimize import minimize
from scipy.special import log_expit, ndtri
from scipy.stats import rankdata

from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.run import SampleConfig
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.engine.local import default_workers
from clumpscope.jobs.simulate import simulate
from clumpscope.store.sample import Sample

RECIPES = Path(__file__).parents[1] / "recipes"
BANDS = "ugriz"
RIDGE = 0.05


def statistics(image: GalaxyImage) -> dict[str, float]:
    """Noise, its correlation, colours, concentration, lumps and neighbours.

    Not the PSF: three frames have three, which would tell frames and not galaxies.
    """
    found: dict[str, float] = {}
    n = image.shape[0]
    edge = max(n // 8, 6)
    axis = np.arange(n) - (n - 1) / 2
    radius = np.hypot(axis[None, :], axis[:, None])
    fluxes = {}
    for band in BANDS:
        plane = image[band]
        data = np.where(plane.good, plane.data, 0).astype(float)
        sigma = np.sqrt(np.median(plane.variance))
        rim = np.concatenate([data[:edge].ravel(), data[-edge:].ravel()]) / sigma
        blank = rim[np.abs(rim - np.median(rim)) < 3]
        found[f"noise over variance, {band}"] = float(blank.std())
        found[f"sky level, {band}"] = float(np.median(rim))
        top = data[:edge]
        found[f"noise correlation, {band}"] = _correlation(top, 1)
        found[f"noise correlation at 2 px, {band}"] = _correlation(top, 2)
        fluxes[band] = max(float(data[radius < n / 6].sum()), 1e-3)
    for a, b in pairwise(BANDS):
        found[f"colour {a}-{b}"] = -2.5 * np.log10(fluxes[a] / fluxes[b])
    r = np.where(image["r"].good, image["r"].data, 0).astype(float)
    sigma = np.sqrt(np.median(image["r"].variance))
    growth = [r[radius < n * share].sum() / fluxes["r"] for share in (0.04, 0.08, 0.25, 0.4)]
    for share, value in zip((4, 8, 25, 40), growth, strict=True):
        found[f"light within {share} % of the field"] = float(value)
    turned = np.abs(r - r[::-1, ::-1])[radius < n / 6].sum() / fluxes["r"]
    found["asymmetry"] = float(turned)
    sharp = r - ndimage.gaussian_filter(r, 2.0)
    found["lumps"] = float(np.abs(sharp[(radius < n / 6) & (radius > 3)]).sum() / fluxes["r"])
    smooth = ndimage.gaussian_filter(r, 1.4)
    _, count = ndimage.label((smooth > 1.2 * sigma) & (radius > n / 5))
    found["neighbours an arcmin^2"] = count / (n * image.pixscale_arcsec / 60) ** 2
    found["flux, r"] = np.log10(fluxes["r"])
    found["side"] = float(n)
    return found


def _correlation(data: np.ndarray, lag: int) -> float:
    centred = data - np.median(data)
    scale = 1.4826 * np.median(np.abs(centred)) + 1e-12
    clipped = np.clip(centred, -4 * scale, 4 * scale)
    product = (clipped[:, lag:] * clipped[:, :-lag]).mean()
    return float(product / max((clipped**2).mean(), 1e-20))


def measured(sample: Sample) -> tuple[np.ndarray, list[str]]:
    """(galaxies, statistics) and their names."""
    rows = [statistics(sample.read(k, SampleConfig())) for k in range(len(sample))]
    return np.array([list(row.values()) for row in rows]), list(rows[0])


def judge(real: np.ndarray, ours: np.ndarray, names: list[str]) -> None:
    """Print the accuracy and what it rests on; both classes count the same."""
    values = np.nan_to_num(np.concatenate([real, ours]))
    # Ranks as normal deviates: no statistic counts more for its units or its outliers.
    values = ndtri((rankdata(values, axis=0) - 0.5) / len(values))
    kind = np.concatenate([-np.ones(len(real)), np.ones(len(ours))])
    fold = np.random.default_rng(0).permutation(len(kind)) % 10
    guess = np.zeros(len(kind))
    for k in range(10):
        weight = fitted(values[fold != k], kind[fold != k])
        guess[fold == k] = values[fold == k] @ weight[1:] + weight[0]
    right = [np.mean(np.sign(guess[kind == one]) == one) for one in (-1, 1)]
    print(f"balanced accuracy {np.mean(right):.2f} of {len(real)} real, {len(ours)} simulated")
    weight = fitted(values, kind)[1:]
    for k in np.argsort(-np.abs(weight))[:8]:
        medians = np.median(real[:, k]), np.median(ours[:, k])
        print(
            f"  {names[k]}: {weight[k]:+.2f}; medians {medians[0]:.3g} real, {medians[1]:.3g} ours"
        )


def fitted(values: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Constant and weights of a ridge logistic regression in which both kinds count the same."""
    counts = np.where(kind > 0, 0.5 / np.mean(kind > 0), 0.5 / np.mean(kind < 0))

    def loss(weight: np.ndarray) -> float:
        margin = kind * (values @ weight[1:] + weight[0])
        return float(-(counts * log_expit(margin)).mean() + RIDGE * (weight[1:] ** 2).sum())

    return np.asarray(minimize(loss, np.zeros(values.shape[1] + 1), method="L-BFGS-B").x)


def blind(real: Sample, ours: Sample, folder: Path, key: Path) -> None:
    """Write shuffled, numbered pictures and, elsewhere, which is which."""
    rng = np.random.default_rng(0)
    chosen = [(real, k, "real") for k in range(len(real))]
    chosen += [(ours, int(k), "simulated") for k in rng.permutation(len(ours))[: len(real)]]
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, place in enumerate(rng.permutation(len(chosen)), 1):
        sample, index, kind = chosen[place]
        Image.fromarray(picture(sample, index)).save(folder / f"{number:03d}.png")
        lines.append(f"{number:03d},{kind},{sample.ids[index]}")
    key.write_text("\n".join(lines) + "\n")


def field_recipe(faintest: float) -> Recipe:
    """recipes/field.toml down to another magnitude."""
    recipe = load_recipe(RECIPES / "field.toml")
    hosts = recipe.simulate.hosts
    hosts = hosts.model_copy(update={"r_mag": (hosts.r_mag[0], faintest)})
    return recipe.model_copy(
        update={"simulate": recipe.simulate.model_copy(update={"hosts": hosts})}
    )


def main() -> None:
    """Make both kinds, judge them, write the blind test if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=200)
    parser.add_argument("--faintest", type=float, default=19.0)
    parser.add_argument("--blind", type=Path)
    parser.add_argument("--key", type=Path)
    options = parser.parse_args()
    if not FRAMES.is_dir():
        sys.exit(f"no data in {FRAMES}")
    with tempfile.TemporaryDirectory() as work:
        real = frame_cutouts(Path(work), options.faintest)
        recipe = field_recipe(options.faintest)
        simulate(Path(work) / "field", options.galaxies, recipe, default_workers())
        ours = Sample.open(Path(work) / "field")
        (a, names), (b, _) = measured(real), measured(ours)
        judge(a, b, names)
        for what in ("noise", "sky", "colour"):
            keep = [k for k, name in enumerate(names) if not name.startswith(what)]
            print(f"without {what}:")
            judge(a[:, keep], b[:, keep], [names[k] for k in keep])
        if options.blind and options.key:
            blind(real, ours, options.blind, options.key)


if __name__ == "__main__":
    main()
