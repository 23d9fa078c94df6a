"""Real clumps: the detector beside classical finders on 12 Stripe 82 coadd pictures.

Of the catalogued clumps inside the Clump Scout field, which share is among as many best
detections of each finder? Needs ../shared/data/s82_clumpy.

    python benchmarks/bench_stripe82.py [MODEL] [--picture FILE.png]
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from astropy.stats import binom_conf_interval
from astropy.table import Table
from PIL import Image

from clumpscope.config.run import RefineConfig
from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.galaxy import ColourImage
from clumpscope.detector.predict import Detector
from clumpscope.models.registry import find_model
from clumpscope.models.view import view
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.matching import match
from clumpscope.plot import Panel, contact_sheet, save
from clumpscope.stages.detect.baselines import FINDERS
from clumpscope.stages.detect.detect import detect
from clumpscope.stages.refine import refine

DATA = Path(__file__).parents[2] / "shared" / "data" / "s82_clumpy"
# The pictures span 8.48 R90, a Clump Scout field 6: their central 300 of 424 px.
MARGIN, SIDE = 62, 300
FWHM_ARCSEC = 1.3
RATIOS = (0.0, 0.01, 0.02)


def read() -> list[tuple[ColourImage, np.ndarray, np.ndarray]]:
    """Pictures with the positions (n, 2) px and u flux ratios (n,) of their clumps."""
    galaxies = Table.read(DATA / "galaxies.csv")
    clumps = Table.read(DATA / "clumps.csv")
    result = []
    for row in galaxies:
        with Image.open(DATA / f"{row['survey_id']}.jpg") as picture:
            pixels = np.asarray(picture.convert("RGB"), dtype=np.float32) / 255
        inner = slice(MARGIN, MARGIN + SIDE)
        image = ColourImage(
            str(row["survey_id"]), pixels[inner, inner], float(row["pixscale_arcsec"]), FWHM_ARCSEC
        )
        mine = clumps[clumps["survey_id"] == row["survey_id"]]
        xy = np.column_stack([mine["x_px"], mine["y_px"]]).astype(float) - MARGIN
        inside = ((xy > 0) & (xy < SIDE)).all(axis=1)
        result.append((image, xy[inside], np.asarray(mine["fluxfrac_u"], dtype=float)[inside]))
    return result


def refined(
    image: ColourImage, boxes: Boxes
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Clumps (not odd ones) after refinement: positions, scores, labels, boxes."""
    clumps = refine(image, boxes, RefineConfig(), 0.0)
    normal = clumps.label == Label.CLUMP
    return clumps.xy[normal], clumps.score[normal], clumps.label[normal], clumps.box[normal]


def report(name: str, found: list, truths: list) -> float:
    """Share of truths among as many best detections; returns the cut on the score."""
    total = sum(len(xy) for _, xy, _ in truths)
    scores = np.sort(np.concatenate([one[1] for one in found]))[::-1]
    cut = scores[min(total, len(scores)) - 1]
    cells = []
    for floor in RATIOS:
        hit = wanted = 0
        for (xy, score, *_), (image, true_xy, ratio) in zip(found, truths, strict=True):
            best = score >= cut
            radius = 0.75 * psf_fwhm_px(image)
            _, j = match(xy[best], score[best], true_xy, radius)
            hit += int((ratio[j] >= floor).sum())
            wanted += int((ratio >= floor).sum())
        low, high = binom_conf_interval(hit, wanted, interval="wilson")
        cells.append(f"ratio >= {floor:g}: {hit / wanted:.2f} ({low:.2f}-{high:.2f}) of {wanted}")
    print(f"{name:10} best {min(total, len(scores))}: " + "; ".join(cells))
    return float(cut)


def main() -> None:
    """Print the shares; draw the detections if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"no data in {DATA}")
    truths = read()
    images = [image for image, _, _ in truths]
    finder = Detector.load(find_model(options.model), 0.01)
    views = [view(image, finder.spec) for image in images]
    detected = detect(finder, views, 12)
    ours = [refined(image, boxes) for image, boxes in zip(images, detected, strict=True)]
    cut = report("detector", ours, truths)
    for name, search in FINDERS.items():
        report(name, [refined(image, search(image)) for image in images], truths)
    if options.picture:
        panels = [
            Panel(
                image.galaxy_id,
                image.pixels,
                None,
                np.zeros(image.shape, dtype=bool),
                xy[score >= cut],
                label[score >= cut],
                box[score >= cut],
                1.125 * psf_fwhm_px(image),
                true_xy[ratio >= 0.01],
                downward=True,
            )
            for (xy, score, label, box), (image, true_xy, ratio) in zip(ours, truths, strict=True)
        ]
        save(contact_sheet(panels, columns=4, zoom=0.7), options.picture)


if __name__ == "__main__":
    main()
