"""What to do about a galaxy that failed: the messages of the docs that one meets in a run."""

import re

# A message as the page quotes it, "…" for what varies, and what mends it.
REMEDIES = {
    "… photometry: expected one of bands …, got …": (
        "The image has none of the bands that the recipe measures: name others under [measure] "
        "bands, or none, which means all."
    ),
    "… for model …: expected … of bands …, got …": (
        "The image lacks a band that the detector looks at: choose or train a model for the "
        "bands that you have."
    ),
    "bands: expected …, got …; give each band an image HDU with its name as EXTNAME, and PSFFWHM "
    "unless the name is known": (
        "Rename the file's images: EXTNAME = 'g', 'VIS', 'F814W' and so on; those of your own "
        "naming need PSFFWHM, too."
    ),
    "band … PSFFWHM: expected a positive width in arcsec, got …": (
        "Write PSFFWHM into each band's header, or psf_fwhm_g and so on into hosts.parquet, or "
        "one width for all into the recipe: [sample] psf_fwhm_arcsec."
    ),
    "…: expected a WCS, got none": (
        "Without sky coordinates there is no pixel scale: add a WCS to the image."
    ),
    "…: expected bands on one pixel grid, got shapes …": (
        "Resample the bands to one grid; clumpscope fetch does it for survey frames."
    ),
    "…: truncated or not a FITS image: …": (
        "The file is damaged, most often a broken download: fetch it again."
    ),
    "…: expected at most … px ([limits] cutout_px), got …": (
        "Cut the galaxy out, or raise [limits] cutout_px if there is memory for it."
    ),
    "…: size: expected at most … MB …, got …": (
        "The file is larger than allowed: cut the galaxy out, or raise [limits] decompressed_mb."
    ),
    "… PSF-FWHM: expected a PSF image of at most … px a side ([limits] psf_px), got … px for … "
    "arcsec at … arcsec a pixel": (
        "Mostly a wrong unit: look at PSFFWHM (arcsec), and at CDELT and CUNIT of the WCS."
    ),
    "boxes: expected at most … ([limits] boxes), got …": (
        "More boxes than are measured together: raise the score threshold, or [limits] boxes."
    ),
    "…: pixels around the clumps, times clumps: expected at most … ([limits] measured_px), got …": (
        "So many clumps on so many pixels take too much memory: cut the galaxy out, or raise "
        "[limits] measured_px."
    ),
    "…: expected a regular file, got …": (
        "A pipe, a device or a folder has the name of the image: write a file in its place."
    ),
    "its process ended twice: for lack of memory, of time, or by a fault in a library": (
        "Nothing else is wrong with the run: run this galaxy alone to see what happens."
    ),
}
OTHERWISE = (
    "No known message: try clumpscope show RUN GALAXY, and clumpscope doctor; if it looks like a "
    "fault of ours, please send both answers."
)

_KNOWN = {
    re.compile(".*".join(map(re.escape, message.split("…"))), re.DOTALL): what
    for message, what in REMEDIES.items()
}


def remedy(error: str) -> str:
    """What to do about a failure with this message, as of ``failures.parquet``."""
    return next((what for known, what in _KNOWN.items() if known.fullmatch(error)), OTHERWISE)
