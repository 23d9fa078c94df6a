"""One small scene of known magnitudes, written in the layouts of many archives.

Each layout is a function (folder, scene) that writes the smallest true example of it; it is
listed in ``LAYOUTS`` with the bands it has and the options that it needs.
"""

from dataclasses import dataclass, field

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from builders import DEC, RA, tan_wcs
from clumpscope.core.frames import sky_to_native
from scenes import point_sources

NAME = "NGC4321"
SHAPE = (97, 101)
FWHM_ARCSEC = 0.9
NOISE = 0.004  # nanomaggy a pixel of 0.2 arcsec
HOST, HOST_SIGMA = 500.0, 6.0  # nanomaggy, and arcsec: else points on blank sky are stars
STARS = ((8.0, -5.0), (-6.0, 4.0))  # arcsec east and north of the middle
# Bluer than stars, which would be taken out of the image.
MAGNITUDES = {"u": 17.9, "g": 18.2, "r": 18.7, "i": 19.0, "z": 18.9, "y": 18.9}
MAGNITUDES |= {"VIS": 18.6, "F814W": 18.5, "F200W": 18.9}


def sky_of_stars():
    """(n, 2) right ascension and declination, degrees."""
    east, north = np.array(STARS).T / 3600
    return np.column_stack([RA + east / np.cos(np.deg2rad(DEC)), DEC + north])


def nanomaggies(band):
    return 10 ** ((22.5 - MAGNITUDES[band]) / 2.5)


def psf_image(pixscale=0.2, side=31):
    middle = (side - 1) / 2
    image = point_sources((side, side), [[middle, middle]], 1.0, FWHM_ARCSEC / pixscale)
    return image.astype(np.float32)


@dataclass
class Scene:
    """Bands in nanomaggies, with a bad pixel and a saturated one away from the stars."""

    pixscale: float = 0.2
    turn: dict = field(default_factory=dict)  # degrees, by band
    sky: float = 0.0

    def wcs(self, band) -> WCS:
        return tan_wcs(SHAPE, self.pixscale, self.turn.get(band, 0.0))

    def data(self, band):
        seed = sorted(MAGNITUDES).index(band)
        xy = sky_to_native(sky_of_stars(), self.wcs(band))
        image = point_sources(SHAPE, xy, nanomaggies(band), FWHM_ARCSEC / self.pixscale)
        noise = np.random.default_rng(seed).normal(0, NOISE, SHAPE)
        host = point_sources(SHAPE, [[50.0, 48.0]], HOST, 2.3548 * HOST_SIGMA / self.pixscale)
        return image + host + noise + self.sky

    def variance(self, band):
        return np.full(SHAPE, NOISE**2)

    def header(self, band, **cards):
        header = self.wcs(band).to_header()
        header["PSFFWHM"] = FWHM_ARCSEC
        for key, value in cards.items():
            header[key.replace("__", " ") if "__" in key else key] = value
        return header


def image(data, header, name=None, dtype=np.float32, kind=fits.ImageHDU):
    return kind(data.astype(dtype), header, **({} if name is None else {"name": name}))


def write(path, *hdus):
    path.parent.mkdir(parents=True, exist_ok=True)
    first = hdus[0]
    if not isinstance(first, fits.PrimaryHDU):
        hdus = (fits.PrimaryHDU(), *hdus)
    fits.HDUList(list(hdus)).writeto(path)


def count(magnitude):
    """Nanomaggies of one count of that zero point."""
    return 10 ** ((22.5 - magnitude) / 2.5)


def one_file_a_band(folder, scene):
    for band in "gri":
        hdu = image(scene.data(band), scene.header(band, BUNIT="nanomaggy"), kind=fits.PrimaryHDU)
        write(folder / f"{NAME}_{band}.fits", hdu)


def band_first(folder, scene):
    """Counts of a zero point, in .fit files whose noise and PSF are files, too."""
    unit = count(27.0)
    for band in "gri":
        header = scene.header(band, BUNIT="ADU", MAGZERO=27.0)
        write(folder / f"stack_{band}_{NAME}.fit", image(scene.data(band) / unit, header))
        write(
            folder / f"stack_{band}_{NAME}_var.fit", image(scene.variance(band) / unit**2, header)
        )
        write(folder / f"stack_{band}_{NAME}_psf.fit", image(psf_image(), None))


def band_in_the_header(folder, scene):
    for number, band in enumerate("gri"):
        cards = {"FILTER": f"{band}.MP9999", "OBJECT": NAME, "BUNIT": "uJy"}
        data = scene.data(band) * 3.630780547701  # AB: 3631 Jy is magnitude 0
        write(folder / f"img{number:04d}.fits", image(data, scene.header(band, **cards)))


def hdu_a_band(folder, scene):
    hdus = [
        image(scene.data(band), scene.header(band, BUNIT="nanomaggies"), band.upper())
        for band in "grizy"
    ]
    write(folder / f"{NAME}.fits.gz", *hdus)


def cube(folder, scene):
    data = np.array([scene.data(band) for band in "grz"])
    header = scene.header("g", BANDS="grz", BUNIT="nanomaggy", BAND0="g", BAND1="r", BAND2="z")
    write(folder / f"{NAME}.fits", image(data, header, kind=fits.PrimaryHDU))


def legacy(folder, scene):
    """The viewer's cutout: a cube without unit, inverse variance, bits of all bands."""
    header = scene.header("g", BANDS="grz", SURVEY="LegacySurvey", VERSION="9")
    data = np.array([scene.data(band) for band in "grz"])
    ivar = np.array([1 / scene.variance(band) for band in "grz"])
    bits = np.zeros(SHAPE, dtype=np.int16)
    bits[3, 3], bits[5, 5] = 1 << 2, 1 << 3  # SATUR_G, SATUR_R
    planes = []
    for kind, plane in (("IMAGE", data), ("INVVAR", ivar), ("MASKBITS", bits)):
        header["IMAGETYP"] = kind
        dtype = np.float32 if plane.ndim == 3 else np.int16
        planes.append(image(plane, header, dtype=dtype))
    first = fits.PrimaryHDU(planes[0].data, planes[0].header)
    write(folder / f"cutout_{NAME}.fits", first, *planes[1:])


def hsc(folder, scene):
    """Image, mask and variance of hscPipe, FLUXMAG0, bits in the mask's own header."""
    unit = count(27.0)
    for band in "gri":
        header = scene.header(band)
        mask = np.zeros(SHAPE, dtype=np.int32)
        mask[40:60, 40:60] = 32  # DETECTED
        mask[3, 3], mask[5, 5] = 1, 2
        planes = fits.Header({"MP_BAD": 0, "MP_SAT": 1, "HIERARCH MP_DETECTED": 5})
        primary = fits.PrimaryHDU()
        primary.header["FLUXMAG0"] = 10 ** (27.0 / 2.5)
        primary.header["INSTRUME"] = "HSC"
        primary.header["FILTER"] = f"HSC-{band.upper()}"
        write(
            folder / f"{NAME}-cutout-HSC-{band.upper()}-9813-pdr3_wide.fits",
            primary,
            image(scene.data(band) / unit, header, "IMAGE"),
            fits.ImageHDU(mask, header + planes, name="MASK"),
            image(scene.variance(band) / unit**2, header, "VARIANCE"),
        )


def rubin(folder, scene):
    """Tile-compressed planes in nanojansky; the band in a card of the butler."""
    for band in "gri":
        header = scene.header(band, BUNIT="nJy")
        primary = fits.PrimaryHDU()
        primary.header["HIERARCH LSST BUTLER DATAID BAND"] = band
        primary.header["HIERARCH LSST BUTLER DATASETTYPE"] = "deep_coadd"
        primary.header["FILTER"] = f"{band}_01"
        planes = fits.Header({"MP_SAT": 1, "HIERARCH MP_DETECTED": 5})
        mask = np.zeros(SHAPE, dtype=np.int32)
        mask[40:60, 40:60] = 32
        njy = 3630.780547701
        packed = {"compression_type": "GZIP_2"}
        write(
            folder / f"deep_coadd_{NAME}_{band}.fits.fz",
            primary,
            fits.CompImageHDU(
                (scene.data(band) * njy).astype("f4"), header, name="IMAGE", **packed
            ),
            fits.CompImageHDU(mask, header + planes, name="MASK", **packed),
            fits.CompImageHDU(
                (scene.variance(band) * njy**2).astype("f4"), header, name="VARIANCE", **packed
            ),
        )


def jwst(folder, scene):
    """Surface brightness: MJy/sr, with the error, weight and quality of each pixel."""
    steradian = (scene.pixscale * np.pi / 180 / 3600) ** 2
    unit = 1e6 * steradian / 3.630780547701e-6
    header = scene.header("F200W", BUNIT="MJy/sr", PIXAR_SR=steradian)
    primary = fits.PrimaryHDU()
    for key, value in {"INSTRUME": "NIRCAM", "FILTER": "F200W", "PUPIL": "CLEAR"}.items():
        primary.header[key] = value
    error = np.sqrt(scene.variance("F200W")) / unit
    write(
        folder / f"{NAME}_nircam_clear-f200w_i2d.fits",
        primary,
        image(scene.data("F200W") / unit, header, "SCI"),
        image(error, scene.header("F200W", BUNIT="MJy/sr"), "ERR"),
        image(np.ones(SHAPE), None, "CON", np.int32),
        image(1 / error**2, None, "WHT"),
    )


def hubble(folder, scene):
    """Electrons a second with PHOTFLAM, and drizzle's weights."""
    photflam, photplam = 7.033e-20, 8045.0
    magnitude = -2.5 * np.log10(photflam) - 5 * np.log10(photplam) - 2.408
    unit = count(magnitude)
    cards = {"BUNIT": "ELECTRONS/S", "PHOTFLAM": photflam, "PHOTPLAM": photplam}
    primary = fits.PrimaryHDU()
    primary.header.update({"INSTRUME": "ACS", "TELESCOP": "HST", "EXPTIME": 1000.0})
    primary.header.update({"FILTER1": "CLEAR1L", "FILTER2": "F814W"})
    write(
        folder / f"hst_{NAME}_acs_wfc_f814w_drz.fits",
        primary,
        image(scene.data("F814W") / unit, scene.header("F814W", **cards), "SCI"),
        image(unit**2 / scene.variance("F814W"), scene.header("F814W"), "WHT"),
    )


def euclid(folder, scene):
    """Mosaics of MER: image, RMS and flags in files of their own, zero point in the header."""
    unit = count(24.6)
    header = scene.header("VIS", MAGZERO=24.6, BUNIT="ADU", TELESCOP="Euclid", FILTER="VIS")
    start = f"EUC_MER_BGSUB-MOSAIC-VIS_{NAME}"
    write(folder / f"{start}.fits", image(scene.data("VIS") / unit, header, kind=fits.PrimaryHDU))
    rms = np.sqrt(scene.variance("VIS")) / unit
    write(folder / f"{start}_rms.fits", image(rms, header, kind=fits.PrimaryHDU))


def panstarrs(folder, scene):
    """Counts on an asinh scale, with a mask."""
    seconds = 900.0
    unit = count(25 + 2.5 * np.log10(seconds))
    softening, offset = 40.0, 3.0
    for band in "gri":
        counts = scene.data(band) / unit
        scale = 2.5 * np.log10(np.e)
        stored = scale * np.arcsinh((counts - offset) / (2 * softening))
        header = scene.header(band, BOFFSET=offset, BSOFTEN=softening, EXPTIME=seconds)
        header["HIERARCH FPA.FILTERID"] = f"{band}.00000"
        header["HIERARCH FPA.TELESCOPE"] = "PS1"
        start = f"rings.v3.skycell.1234.{NAME}.stk.{band}.unconv"
        write(folder / f"{start}.fits", image(stored, header, dtype=np.float64))


def dark_energy_survey(folder, scene):
    """Science, weight and mask planes, counts of zero point 30."""
    unit = count(30.0)
    for band in "gri":
        cards = {"MAGZERO": 30.0, "FILTER": f"{band} DECam SDSS c0001 4720.0 1520.0"}
        header = scene.header(band, **cards, INSTRUME="DECam", BUNIT="ADU")
        packed = {"compression_type": "GZIP_2"}
        write(
            folder / f"{NAME}_{band}.fits.fz",
            fits.CompImageHDU((scene.data(band) / unit).astype("f4"), header, name="SCI", **packed),
            fits.CompImageHDU(np.zeros(SHAPE, np.int16), header, name="MSK", **packed),
            fits.CompImageHDU(
                (unit**2 / scene.variance(band)).astype("f4"), header, name="WGT", **packed
            ),
        )


def canada_france(folder, scene):
    """One image a band with a zero point, and weights that are relative."""
    unit = count(30.0)
    for band in "ur":
        cards = {
            "PHOTZP": 30.0,
            "FILTER": f"{band}.MP9301",
            "BUNIT": "ADU",
            "INSTRUME": "MegaPrime",
        }
        header = scene.header(band, **cards)
        write(folder / f"CFIS.{NAME}.{band}.fits", image(scene.data(band) / unit, header))
        weight = np.full(SHAPE, 7.0)
        write(folder / f"CFIS.{NAME}.{band}.weight.fits", image(weight, header))


def own_grids(folder, scene):
    """Counts with a zero point; each band turned by another angle."""
    turned = Scene(scene.pixscale, {"g": 0.0, "r": 3.0, "i": -7.0})
    unit = count(27.0)
    for band in "gri":
        header = turned.header(band, BUNIT="count", MAGZERO=27.0)
        write(folder / f"{NAME}-hsc_{band}.fits", image(turned.data(band) / unit, header))


@dataclass(frozen=True)
class Layout:
    """How a layout is read: ``unit_card`` is the card without which its unit is not known."""

    build: object
    bands: str
    unit_card: str | None
    options: dict = field(default_factory=dict)

    @property
    def names(self):
        return tuple(self.bands.split())


LAYOUTS = {
    "one_file_a_band": Layout(one_file_a_band, "g r i", "BUNIT"),
    "band_first": Layout(band_first, "g r i", "MAGZERO"),
    "band_in_the_header": Layout(band_in_the_header, "g r i", "BUNIT"),
    "hdu_a_band": Layout(hdu_a_band, "g r i z y", "BUNIT"),
    "cube": Layout(cube, "g r z", "BUNIT"),
    "legacy": Layout(legacy, "g r z", None),
    "hsc": Layout(hsc, "g r i", None),
    "rubin": Layout(rubin, "g r i", None),
    "jwst": Layout(jwst, "F200W", "BUNIT"),
    "hubble": Layout(hubble, "F814W", "PHOTFLAM"),
    "euclid": Layout(euclid, "VIS", "MAGZERO"),
    "panstarrs": Layout(panstarrs, "g r i", "EXPTIME"),
    "dark_energy_survey": Layout(dark_energy_survey, "g r i", "MAGZERO"),
    "canada_france": Layout(canada_france, "u r", None),
    "own_grids": Layout(own_grids, "g r i", "MAGZERO"),
}
