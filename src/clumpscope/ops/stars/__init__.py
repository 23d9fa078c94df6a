"""Stars of a field or cutout: found, and masked."""

from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.ops.host import host_centre
from clumpscope.ops.stars.find import find_stars
from clumpscope.ops.stars.mask import in_halo, seen_from, star_mask, with_stars
from clumpscope.ops.stars.points import point_like
from clumpscope.ops.stars.view import View, views_of

__all__ = [
    "View",
    "find_stars",
    "host_is_star",
    "in_halo",
    "seen_from",
    "star_mask",
    "starred",
    "views_of",
    "with_stars",
]


def host_is_star(image: GalaxyImage) -> bool:
    """Whether the target of a cutout is a star or quasar; see `point_like`. Not without a WCS."""
    if image.wcs is None:
        return False
    return point_like(views_of(image), native_to_sky(host_centre(image), image.wcs)[0])


def starred(image: GalaxyImage) -> GalaxyImage:
    """``image`` with the stars that are found in itself, see `with_stars`."""
    return with_stars(image, find_stars(views_of(image)))
