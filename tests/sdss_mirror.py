"""Draws small fields like SDSS's: frames with their four HDUs, bz2 or not, and a psField.

The model is independent of the code under test: sources are placed on the sky, drawn by galsim
through each band's own WCS, and noise is drawn in counts.
"""

import bz2
from dataclasses import dataclass
from pathlib import Path

import galsim
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

PIXSCALE = 0.396
GAIN = {"u": 1.6, "g": 3.8, "r": 4.7, "i": 4.9, "z": 4.8}  # near camera column 3's
DARK = {"u": 8.7, "g": 1.3, "r": 1.3, "i": 4.6, "z": 1.0}
SKY = {"u": 23.0, "g": 80.0, "r": 140.0, "i": 200.0, "z": 140.0}  # counts
CAL = {"u": 0.010, "g": 0.004, "r": 0.005, "i": 0.007, "z": 0.035}  # nanomaggy a count
FWHM = {"u": 1.5, "g": 1.4, "r": 1.3, "i": 1.2, "z": 1.25}  # arcsec
# Where the r pixel (0, 0) is found in each band, and its turn: as in real frames, not aligned.
SHIFT = {"u": (-3.4, 4.7), "g": (2.3, 10.2), "r": (0.0, 0.0), "i": (1.6, 3.8), "z": (-2.2, 7.3)}
TURN = {"u": 0.03, "g": -0.02, "r": 0.0, "i": 0.01, "z": 0.04}  # degrees
COLOUR = {"u": 0.25, "g": 0.6, "r": 1.0, "i": 1.3, "z": 1.5}  # flux over that in r


@dataclass(frozen=True)
class Source:
    """A source at r-frame pixel (x, y): a star, or an exponential disk if ``scale`` > 0."""

    x: float
    y: float
    flux: float  # nanomaggy in r
    scale: float = 0.0  # exponential scale length, arcsec


@dataclass(frozen=True)
class Field:
    """What was drawn."""

    run: int
    camcol: int
    field: int
    shape: tuple[int, int]
    wcs: dict[str, WCS]
    sources: tuple[Source, ...]

    def sky(self, source: Source) -> tuple[float, float]:
        ra, dec = self.wcs["r"].wcs_pix2world([[source.x, source.y]], 0)[0]
        return float(ra), float(dec)

    def name(self, band: str) -> str:
        return f"frame-{band}-{self.run:06d}-{self.camcol}-{self.field:04d}.fits"


def band_wcs(band, shape, ra=150.0, dec=20.0):
    """WCS of a band, turned by 40 degrees against north as drift scans are."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    dx, dy = SHIFT[band]
    wcs.wcs.crpix = [shape[1] / 2 + dx, shape[0] / 2 + dy]
    angle = np.radians(40 + TURN[band])
    c, s = np.cos(angle), np.sin(angle)
    wcs.wcs.cd = np.array([[-c, s], [s, c]]) * PIXSCALE / 3600 * (1 + 2e-4 * (band == "u"))
    wcs.wcs.set()
    return wcs


def draw(sources, band, wcs, reference, shape):
    """Noise-free image, nanomaggy."""
    image = galsim.ImageD(shape[1], shape[0], xmin=0, ymin=0, scale=PIXSCALE)
    psf = galsim.Gaussian(fwhm=FWHM[band])
    for source in sources:
        ra_dec = reference.wcs_pix2world([[source.x, source.y]], 0)
        x, y = wcs.wcs_world2pix(ra_dec, 0)[0]
        flux = source.flux * COLOUR[band]
        model = psf.withFlux(flux)
        if source.scale:
            disk = galsim.Exponential(scale_radius=source.scale, flux=flux)
            model = galsim.Convolve(disk, psf)
        side = int(2 * (40 * source.scale + 12) / PIXSCALE) // 2 * 2 + 1
        stamp = model.drawImage(
            nx=side, ny=side, scale=PIXSCALE, offset=(x - round(x), y - round(y))
        )
        stamp.setCenter(round(x), round(y))
        common = stamp.bounds & image.bounds
        if common.isDefined():
            image[common] += stamp[common]
    return image.array


def stars(shape, n=24, seed=1, low=20.0, high=300.0):
    """Isolated stars on a jittered grid."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n)))
    ys = np.linspace(30, shape[0] - 31, side)
    xs = np.linspace(30, shape[1] - 31, side)
    return tuple(
        Source(x + rng.uniform(-2, 2), y + rng.uniform(-2, 2), float(rng.uniform(low, high)))
        for y in ys
        for x in xs
    )[:n]


def frame_hdus(image, band, wcs, rng=None):
    """The HDUs of a corrected frame; with ``rng`` its noise."""
    ny, nx = image.shape
    cal = CAL[band] * (1 + 0.02 * np.linspace(-1, 1, nx))
    coarse = SKY[band] * (1 + 0.01 * np.arange(6)[:, None] * np.ones(8))
    x = (np.arange(nx) + 0.5) / nx * 8 - 0.5
    y = (np.arange(ny) + 0.5) / ny * 6 - 0.5
    if rng is not None:
        sky = np.interp(y, np.arange(6), coarse[:, 0])[:, None]
        counts = image / cal + sky
        electrons = rng.poisson(counts * GAIN[band]) / GAIN[band]
        image = cal * (electrons - sky + rng.normal(0, np.sqrt(DARK[band]), image.shape))
    primary = fits.PrimaryHDU(image.astype(np.float32))
    header = primary.header
    header["FILTER"] = band
    header["BUNIT"] = "nanomaggy"
    header["RADECSYS"] = "ICRS"
    for n in (1, 2):
        header[f"CTYPE{n}"] = wcs.wcs.ctype[n - 1]
        header[f"CRVAL{n}"] = wcs.wcs.crval[n - 1]
        header[f"CRPIX{n}"] = wcs.wcs.crpix[n - 1]
        for m in (1, 2):
            header[f"CD{n}_{m}"] = wcs.wcs.cd[n - 1, m - 1]
    columns = [
        fits.Column("ALLSKY", f"{coarse.size}E", dim="(8,6)", array=coarse[None]),
        fits.Column("XINTERP", f"{nx}E", array=x[None]),
        fits.Column("YINTERP", f"{ny}E", array=y[None]),
    ]
    astrom = fits.BinTableHDU.from_columns([fits.Column("RUN", "J", array=[1])])
    return fits.HDUList(
        [
            primary,
            fits.ImageHDU(cal.astype(np.float32)),
            fits.BinTableHDU.from_columns(columns),
            astrom,
        ]
    )


def make_field(
    folder: Path,
    sources=None,
    *,
    run=3918,
    camcol=3,
    field=213,
    shape=(280, 330),
    ra=150.0,
    dec=20.0,
    compress=True,
    seed=5,
    bands="ugriz",
) -> Field:
    """Write a field's frames into ``folder``."""
    sources = stars(shape) if sources is None else tuple(sources)
    wcs = {band: band_wcs(band, shape, ra, dec) for band in "ugriz"}
    made = Field(run, camcol, field, shape, wcs, sources)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for band in bands:
        image = draw(sources, band, wcs[band], wcs["r"], shape)
        path = folder / made.name(band)
        frame_hdus(image, band, wcs[band], rng).writeto(path)
        if compress:
            path.with_name(path.name + ".bz2").write_bytes(bz2.compress(path.read_bytes()))
            path.unlink()
    return made


def make_psfield(path: Path, fwhm_arcsec, garbage=True):
    """A psField whose PSF is a Gaussian, wider by 10 % at row 1000 than at row 0.

    The polynomial's unused powers hold garbage, as in the archive's files.
    """
    hdus = [fits.PrimaryHDU()]
    for band in "ugriz":
        sigma = fwhm_arcsec[band] / PIXSCALE / 2.3548
        rows, cols = np.mgrid[-25:26, -25:26]
        images = [
            np.exp(-(rows**2 + cols**2) / 2 / (sigma * scale) ** 2) / scale**2 for scale in (1, 1.1)
        ]
        coefficients = np.full((2, 5, 5), 7.0 if garbage else 0.0)
        coefficients[:, :2, :2] = 0
        coefficients[0, 0, 0], coefficients[0, 1, 0] = 1, -1  # 1 - row / 1000
        coefficients[1, 1, 0] = 1
        columns = [
            fits.Column("nrow_b", "J", array=[2, 2]),
            fits.Column("ncol_b", "J", array=[2, 2]),
            fits.Column("c", "25E", dim="(5,5)", array=coefficients),
            fits.Column("RNROW", "J", array=[51, 51]),
            fits.Column("RNCOL", "J", array=[51, 51]),
            fits.Column("RROWS", "2601E", array=[image.ravel() for image in images]),
        ]
        hdus.append(fits.BinTableHDU.from_columns(columns))
    values = [[GAIN[b] for b in "ugriz"]], [[DARK[b] for b in "ugriz"]]
    hdus.append(
        fits.BinTableHDU.from_columns(
            [
                fits.Column("gain", "5E", array=values[0]),
                fits.Column("dark_variance", "5E", array=values[1]),
                fits.Column("field", "J", array=[213]),
            ]
        )
    )
    fits.HDUList(hdus).writeto(path)
