"""What a model sees of an image."""

from clumpscope.config.run import CompositeConfig
from clumpscope.core.composite import Composite, composite
from clumpscope.core.galaxy import AnyImage, ColourImage
from clumpscope.models.spec import DetectorSpec
from clumpscope.ops.stack import BandStack, band_stack
from clumpscope.ops.unstretched import unstretched

View = Composite | BandStack


def view(image: AnyImage, spec: DetectorSpec) -> View:
    """Make what a model of this spec looks at; a picture's stretch is undone where it needs bands.

    Raises
    ------
    ImageError
        If a band that it needs is missing, or shows nothing.
    """
    wanted = spec.view
    if isinstance(wanted, CompositeConfig):
        return composite(image, wanted)
    if isinstance(image, ColourImage):
        image = unstretched(image, spec.composite)
    return band_stack(image, wanted)
