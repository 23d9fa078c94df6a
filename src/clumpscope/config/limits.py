"""What one image, file or galaxy may cost."""

from clumpscope.config.base import Count, Positive, Section


class LimitsConfig(Section):
    """Most that one galaxy, image or file may cost; what exceeds it fails alone, and says so."""

    cutout_px: Count = 9_000_000
    """Pixels of one plane of a galaxy's image; the default is 3000 × 3000, 20′ of SDSS."""
    psf_px: Count = 513
    """Side of a PSF image, given, or made of its width to 4.5 sigma, px; the default is 53″."""
    decompressed_mb: Positive = 600.0
    """Size of an image's file, of what it unpacks to, and of all its planes in memory, MB."""
    boxes: Count = 500
    """Boxes or positions of one image."""
    measured_px: Count = 20_000_000
    """Pixels around a galaxy's clumps, times their number: what photometry keeps in memory."""
    marks: Count = 2000
    """Volunteers' marks, and boxes that software proposed to them, of one image."""
    seconds: Positive = 120.0
    """Time that one galaxy may take in a stage, s."""


LIMITS = LimitsConfig()
