"""Tables of measured clumps: of refined positions, or of a user's own."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from astropy.table import QTable

from clumpscope.config.band_names import alike
from clumpscope.config.limits import LIMITS
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.bands import SDSS_BANDS, in_order
from clumpscope.core.clumps import clump_table
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.schema import plain
from clumpscope.engine.watch import time_limit
from clumpscope.errors import TableError, expected_got
from clumpscope.ops.outline import galaxy_outline
from clumpscope.ops.places import Coords
from clumpscope.stages.measure.aperture import gaussian_correction, moffat_correction
from clumpscope.stages.measure.photometry import Photometry, measure
from clumpscope.stages.measure.positions import UserPositions


def photometry_table(
    positions: QTable, photometry: Sequence[Photometry], config: MeasureConfig
) -> QTable:
    """Join positions and photometry into a clump table of level "photometry".

    Parameters
    ----------
    positions
        Clump table of level "positions"; its rows are those of ``photometry``, in order.
    photometry
        One item a galaxy; NaN in the bands that it lacks.
    config
        What they were measured with. If it names no bands, the table has those of all.

    Raises
    ------
    TableError
        If rows and photometry do not belong together.
    """
    bands = config.bands or in_order(band for one in photometry for band in one.bands)
    bands = bands or SDSS_BANDS
    ids = [str(galaxy_id) for galaxy_id in positions["galaxy_id"]]
    measured = [one.galaxy_id for one in photometry for _ in range(len(one))]
    if ids != measured:
        raise TableError(
            expected_got(
                "photometry", f"the {len(ids)} positions in order", f"{len(measured)} other"
            )
        )
    other = {band for one in photometry for band in one.bands} - set(bands)
    if other:
        raise TableError(expected_got("photometry", f"bands {' '.join(bands)}", sorted(other)))
    if both := alike(bands):
        raise TableError(
            expected_got(
                "bands of all galaxies",
                "names that differ by more than case",
                " ".join(both),
                "name those to measure under [measure] bands in the recipe",
            )
        )
    columns: dict[str, object] = {name: plain(positions, name) for name in positions.colnames}
    photometry = [one.in_bands(bands) for one in photometry]
    none = [Photometry.unmeasured("none", 0, bands)]
    for stem, field in (
        ("clump_flux", "flux"),
        ("clump_flux_err", "flux_err"),
        ("clump_background", "background"),
        ("aperture_radius", "aperture_radius_arcsec"),
        ("aperture_correction", "aperture_correction"),
        ("clump_flux_published", "published_flux"),
        ("clump_flux_err_published", "published_flux_err"),
    ):
        plane = np.concatenate([getattr(one, field) for one in photometry or none])
        columns |= {f"{stem}_{band}": plane[:, b] for b, band in enumerate(bands)}
    for name, field in (("clump_size", "size_arcsec"), ("clump_size_err", "size_err_arcsec")):
        columns[name] = np.concatenate([getattr(one, field) for one in photometry or none])
    for name, correction in (("gaussian", gaussian_correction), ("moffat", moffat_correction)):
        columns[f"aperture_correction_{name}"] = np.full(len(ids), correction(config.aperture_fwhm))
    added = np.concatenate([one.flags for one in photometry or none])
    columns["flags"] = plain(positions, "flags") | added
    return clump_table("photometry", columns, bands)


def measure_positions(
    positions: UserPositions,
    images: Iterable[GalaxyImage],
    config: MeasureConfig,
    outline_config: RefineConfig,
    coords: Coords | None = None,
    failed: Callable[[str, Exception], None] | None = None,
    seconds: float = LIMITS.seconds,
) -> QTable:
    """Measure a user's positions on their galaxies, in the order of the images.

    Parameters
    ----------
    coords
        Which coordinates count where the table has both; ``None`` demands that they agree.
    failed
        Told of each galaxy that cannot be measured, whatever the reason; without it the error
        is raised.
    seconds
        Time that a galaxy may take.

    Raises
    ------
    TableError
        If sky and pixel positions disagree or a position is missing.
    ImageError
        If an image cannot be measured and ``failed`` is not given.
    """
    placed, measured = [], []
    for image in images:
        rows = positions.rows(image.galaxy_id)
        if not len(rows):
            continue
        try:
            with time_limit(seconds):
                xy = positions.native(rows, image.wcs, coords)
                photometry = measure(image, xy, config, galaxy_outline(image, outline_config))
        except TableError:
            raise  # the whole table is to be set right first
        except Exception as error:
            if failed is None:
                raise
            failed(image.galaxy_id, error)
            continue
        placed.append((rows, xy, image.wcs))
        measured.append(photometry)
    return photometry_table(positions.table(placed), measured, config)
