"""SDSS: targets cut out of a mirror of its corrected frames."""

from collections.abc import Iterator

import numpy as np

from clumpscope.config.fetch import FetchConfig
from clumpscope.errors import ClumpscopeError
from clumpscope.stages.fetch.cutout import STAGE, Fetched, FetchFailure, cut_galaxy
from clumpscope.stages.fetch.sdss.band import load_field
from clumpscope.stages.fetch.sdss.mirror import FieldKey, Mirror
from clumpscope.stages.fetch.targets import Target, Targets


def fetch_sdss(
    targets: Targets, mirror: Mirror, config: FetchConfig, size_arcsec: float | None = None
) -> Iterator[Fetched | FetchFailure]:
    """Cut every target out of the field that holds it best; one result a target.

    Results come field by field, not in the order of the list: each frame is read once, and
    one field is in memory at a time. What fails (target off all frames, band missing,
    frame truncated, no star for the PSF) becomes a `FetchFailure`, and the rest goes on.

    Parameters
    ----------
    targets
        The list, see `clumpscope.stages.fetch.targets.make_targets`.
    mirror
        Frames on disk, see `clumpscope.stages.fetch.sdss.mirror.open_mirror`.
    config
        Size of the cutouts.
    size_arcsec
        Side of all cutouts; else ``config.field_r90`` times the galaxy's Petrosian R90, given or
        measured, within the limits of ``config`` (the lower one if it cannot be measured).
    """
    wanted = list(targets)
    ra, dec = (np.array([getattr(target, name) for target in wanted]) for name in ("ra", "dec"))
    by_field: dict[FieldKey, list[Target]] = {}
    for target, place in zip(wanted, mirror.best_fields(ra, dec), strict=True):
        if isinstance(place, FieldKey):
            by_field.setdefault(place, []).append(target)
        else:
            yield FetchFailure(target.galaxy_id, STAGE, place)
    for key in sorted(by_field):
        try:
            bands = load_field(mirror, key)
        except ClumpscopeError as error:
            for target in by_field[key]:
                yield FetchFailure(target.galaxy_id, STAGE, str(error))
            continue
        for target in by_field[key]:
            try:
                yield cut_galaxy(target, bands, config, size_arcsec)
            except (ClumpscopeError, ValueError, ArithmeticError) as error:
                yield FetchFailure(target.galaxy_id, STAGE, f"field {key}: {error}")
        del bands
