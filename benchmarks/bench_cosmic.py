"""Cosmic rays of the shared SDSS frames, and of rays and stars put into them, beside L.A.Cosmic.

Needs ../shared/data. Stars: real isolated ones of S/N > 20 that are not saturated, and ones put in
with the frame's PSF at any place within a pixel, 15 to 19 mag; hit if a pixel within 4 px is
taken for a ray. Rays put in: found if half of their pixels above 10 sigma are, or more. False:
connected groups of hit pixels in none of what was put in, at whose brightest pixel another band has
5 sigma in 3x3 px; where no other band is, a source of S/N 20 within 4 px.

    python benchmarks/bench_cosmic.py [--frames 4510-4-30] [--lacosmic tuned|default|none]
"""

import argparse
import time

import astroscrappy
import numpy as np
from cosmic_scenes import Field, Scene, isolated_stars, scene, shared_fields
from scipy import ndimage

from clumpscope.core.field import Band
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.galaxy import MaskBit
from clumpscope.stages.fetch.sdss.band import make_bands
from clumpscope.stages.fetch.sdss.mask import frame_mask

_NEAR = 4  # px
_WINGS = 16  # px around stars put in: beyond, the noise of psField's images is drawn, too
_SETTINGS: dict[str, dict[str, object]] = {
    "default": {},
    "tuned": {"fsmode": "convolve", "psfsize": 7, "sigclip": 6.0, "objlim": 2.0},
}


def lacosmic(field: Field, band: str, frame: Scene, fwhm_px: float, setting: str) -> np.ndarray:
    """L.A.Cosmic's rays, two rounds, from electrons with the sky put back."""
    noise = field.noise[band]
    counts = frame.frame.variance / frame.frame.calibration**2 - noise.dark  # over the gain
    options = _SETTINGS[setting] | ({"psffwhm": fwhm_px} if setting == "tuned" else {})
    hit, _ = astroscrappy.detect_cosmics(
        np.ascontiguousarray(counts * noise.gain**2, dtype=np.float32),
        gain=1.0,
        readnoise=float(np.sqrt(noise.dark) * noise.gain),
        satlevel=np.inf,
        niter=2,
        **options,
    )
    return np.asarray(hit)


def figures(field: Field, band: str, made: Scene, real: np.ndarray, hit: np.ndarray) -> list[float]:
    """Real stars hit, stars put in hit, rays found on sky and on galaxies, false groups, groups."""
    near = ndimage.maximum_filter(hit, 2 * _NEAR + 1)
    bright = np.bincount(made.rays.ravel(), minlength=len(made.on_galaxy))
    met = np.bincount(made.rays[hit], minlength=len(made.on_galaxy))
    known = bright > 0
    known[0] = False
    found = met >= 0.5 * bright
    shares = [
        found[known & on].mean() if (known & on).any() else np.nan
        for on in (~made.on_galaxy, made.on_galaxy)
    ]
    groups, false = others_groups(field, band, made, real, hit)
    return [near[*real.T].sum(), near[*made.stars.T].sum(), *shares, false, groups]


def others_groups(
    field: Field, band: str, made: Scene, real: np.ndarray, hit: np.ndarray
) -> tuple[int, int]:
    """Connected groups of hit pixels in none of what was put in, and the false ones among them."""
    labels, number = ndimage.label(hit, np.ones((3, 3)))
    stars = np.zeros(hit.shape, dtype=bool)
    stars[*made.stars.T] = True
    put_in = ndimage.maximum_filter(made.touched, 2 * _NEAR + 1)
    put_in |= ndimage.maximum_filter(stars, 2 * _WINGS + 1)
    numbers = np.setdiff1d(np.arange(1, number + 1), labels[put_in])
    frame = field.frames[band]
    light = np.nan_to_num(frame.data)
    places = np.array(ndimage.maximum_position(light, labels, numbers)).reshape(-1, 2)
    if not len(places):
        return 0, 0
    others = [other for name, other in field.frames.items() if name != band]
    false = np.zeros(len(places), dtype=bool)
    if not others and len(real):
        distances = np.abs(places[:, None] - real).max(axis=2)
        false = distances.min(axis=1) <= _NEAR
    sky = native_to_sky(places[:, ::-1].astype(float), frame.wcs)
    for other in others:
        cols, rows = np.rint(sky_to_native(sky, other.wcs)).astype(int).T
        smooth = ndimage.uniform_filter(np.nan_to_num(other.data), 3)
        inside = (rows >= 0) & (rows < len(smooth)) & (cols >= 0) & (cols < smooth.shape[1])
        r, c = rows[inside], cols[inside]
        false[inside] |= smooth[r, c] > 5 * np.sqrt(other.variance[r, c]) / 3
    return len(places), int(false.sum())


def row(
    field: Field, band: str, bands: dict[str, Band], setting: str
) -> tuple[str, list[list[float]]]:
    """Name and numbers of a frame, and figures of ours and of L.A.Cosmic."""
    frame, ready = field.frames[band], bands[band]
    psf = ready.psf
    stars = isolated_stars(frame, psf)
    saturated = (ready.mask & MaskBit.SATURATED) > 0
    near = ndimage.maximum_filter(saturated, 2 * _NEAR + 1)[*stars.T]
    real = stars[~near]
    crowded = len(stars) and field.key.run == 2583  # a globular cluster: what is wide is a blend
    made = scene(frame, psf, field.noise[band], stars, galaxies=not crowded, seed=frame.data.size)
    others = [(field.frames[o], bands[o].psf) for o in field.frames if o != band]
    mask = frame_mask(made.frame, psf, others)
    both = [figures(field, band, made, real, (mask & MaskBit.COSMIC_RAY) > 0)]
    if setting != "none":
        ny, nx = frame.data.shape
        width = psf.at(ny / 2, nx / 2).fwhm_px
        both.append(
            figures(
                field, band, made, real, lacosmic(field, band, made, width, setting) & ~saturated
            )
        )
    return f"{field.key} {band} | {len(real)} + {int(near.sum())} | {len(made.stars)}", both


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", default="", help="part of a field's name")
    parser.add_argument("--lacosmic", choices=["tuned", "default", "none"], default="tuned")
    chosen = parser.parse_args()
    start = time.process_time()
    heads = "frame | stars + saturated | put in | stars hit | put in hit | rays on sky"
    print(f"| {heads} | on galaxies | false | groups |")
    print("|---|---|---|---|---|---|---|---|---|")
    totals = []
    for field in shared_fields(chosen.frames):
        bands = make_bands(field.frames, field.models)
        for band in bands:
            name, both = row(field, band, bands, chosen.lacosmic)
            cells = [
                " / ".join(f"{value:.3g}" for value in pair) for pair in zip(*both, strict=True)
            ]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
            totals.append(both)
    sums = np.array(totals)
    print("sums of hit, false and groups, means of found, ours and L.A.Cosmic's:")
    for line in np.moveaxis(sums, 1, 0):
        print(
            [
                *line[:, :2].sum(axis=0),
                *np.nanmean(line[:, 2:4], axis=0).round(3),
                *line[:, 4:].sum(axis=0),
            ]
        )
    print(f"{time.process_time() - start:.0f} s of processor time")


if __name__ == "__main__":
    main()
