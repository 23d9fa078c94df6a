"""What a model sees of an image."""

from dataclasses import replace

from clumpscope.config.run import CompositeConfig, DetectConfig
from clumpscope.config.stack import StackConfig
from clumpscope.core.bands import in_order
from clumpscope.core.composite import Composite, brightness_factor, composite
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage
from clumpscope.errors import ImageError, expected_got
from clumpscope.models.header import read_spec
from clumpscope.models.registry import packaged_models
from clumpscope.models.spec import DetectorSpec
from clumpscope.ops.blurred import blurred
from clumpscope.ops.stack import BandStack, band_stack
from clumpscope.ops.unstretched import unstretched

View = Composite | BandStack
StandIns = tuple[tuple[str, str], ...]

# Composite px: half the median box of Galaxy Zoo: Clump Scout, whose boxes are two PSF-FWHM wide.
SDSS_FWHM_PX = 8.3


def view(image: AnyImage, spec: DetectorSpec, detect: DetectConfig | None = None) -> View:
    """Make what a model of this spec looks at; a picture's stretch is undone where it needs bands.

    ``detect`` is the recipe's ``[detect]``; `None` is the default. For ``stands_for`` see
    `as_other_bands`. With ``as_sdss`` a composite of other pixels than SDSS's has the brightness of
    one of those, and is blurred if it is sharper than those of Clump Scout are in the median: which
    kind a clump is, such models know by its size.

    Raises
    ------
    ImageError
        If a band that it needs is missing, or shows nothing.
    """
    wanted, detect = spec.view, detect or DetectConfig()
    image = as_other_bands(image, detect.stands_for)
    if isinstance(image, GalaxyImage) and not spec.takes(image.bands):
        raise ImageError(_unseen(image, spec))
    if isinstance(wanted, CompositeConfig):
        if detect.as_sdss and isinstance(image, GalaxyImage):
            image = _as_sdss(image, wanted)
        return composite(image, wanted)
    if isinstance(image, ColourImage):
        image = unstretched(image, spec.composite)
    return band_stack(image, wanted)


def _as_sdss(image: GalaxyImage, wanted: CompositeConfig) -> GalaxyImage:
    factor = brightness_factor(image)
    if factor == 1:
        return image
    return blurred(image, wanted.bands, SDSS_FWHM_PX * max(image.shape) / wanted.size, factor)


def as_other_bands(image: AnyImage, stands_for: StandIns) -> AnyImage:
    """An image whose bands are called what they stand for; the same one if none does.

    A band that the image has itself is not replaced.
    """
    if isinstance(image, ColourImage):
        return image
    names = {
        band: other
        for band, other in stands_for
        if band in image.bands and other not in image.bands
    }
    if not names:
        return image
    bands = {names.get(band, band): plane for band, plane in image.bands.items()}
    return replace(image, bands={band: bands[band] for band in in_order(bands)})


def _unseen(image: GalaxyImage, spec: DetectorSpec) -> str:
    """Which bands the model looks at, what the image has, and which model would take that."""
    bands = " ".join(spec.view.bands)
    wanted = (
        f"one of bands {bands}" if isinstance(spec.view, StackConfig) else f"all of bands {bands}"
    )
    others = [
        name for name, path in packaged_models().items() if read_spec(path).takes(image.bands)
    ]
    remedy = (
        f"--model {others[0]} takes the image as it is"
        if others
        else "no packaged model takes them: say which they may pass for ([detect] stands_for), "
        "train one that does, or measure positions of your own"
    )
    what = f"{image.galaxy_id} for model {spec.name}"
    return expected_got(what, wanted, " ".join(image.bands), remedy)
