"""Re-centring on the peak of all bands together.

The detector's boxes scatter by about 0.1 arcsec around the clumps. Pixels that any band masks do
not count. A point source, its two
derivatives, its neighbours and a plane are fitted to the sum of the bands, each over its noise;
the derivatives tell how far the source lies from where it was thought to be.
"""

import numpy as np
from astropy.stats import gaussian_sigma_to_fwhm
from numpy.typing import NDArray

from clumpscope.core.galaxy import GalaxyImage
from clumpscope.ops.background import brightness, judged

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

_WINDOW = 1.5  # PSF-FWHM
_STEPS = 3
_SETTLED_PX = 0.03
_LEAST_SNR = 8.0  # fainter sources would follow the noise: their flux would be 1/SNR sigma high


def recentre(image: GalaxyImage, xy: Values, fwhm_px: float, limit_px: float) -> Values:
    """Positions of the peaks.

    Parameters
    ----------
    xy
        (n, 2) native pixels.
    fwhm_px
        PSF-FWHM of the reference band.
    limit_px
        A clump whose peak lies farther than this away, or that is too faint to tell, stays.

    Returns
    -------
    (n, 2) native pixels.
    """
    bands = tuple(image.bands)
    light, good = brightness(image, bands), judged(image, bands)
    moved = xy.copy()
    moving = np.ones(len(xy), dtype=bool)
    for _ in range(_STEPS):
        before = moved.copy()
        for k in np.flatnonzero(moving):
            step = _step(light, good, before, int(k), fwhm_px)
            if step is None or np.hypot(*(before[k] + step - xy[k])) > limit_px:
                moved[k], moving[k] = xy[k], False
            else:
                moved[k], moving[k] = before[k] + step, np.hypot(*step) > _SETTLED_PX
    return moved


def _step(light: Values, good: Flags, xy: Values, k: int, fwhm: float) -> Values | None:
    """(2,) offset of the k-th source from where it is put; none where it is too faint."""
    ny, nx = light.shape
    reach = int(np.ceil(_WINDOW * fwhm))
    col, row = (round(float(value)) for value in xy[k])
    x, y = np.meshgrid(
        np.arange(max(col - reach, 0), min(col + reach + 1, nx)),
        np.arange(max(row - reach, 0), min(row + reach + 1, ny)),
    )
    dx, dy = x - xy[k, 0], y - xy[k, 1]
    near = (np.hypot(dx, dy) < _WINDOW * fwhm) & good[y, x]
    dx, dy, values = dx[near], dy[near], light[y[near], x[near]]
    precision = (gaussian_sigma_to_fwhm / fwhm) ** 2
    others = [
        np.exp(-0.5 * precision * ((dx + xy[k, 0] - a) ** 2 + (dy + xy[k, 1] - b) ** 2))
        for j, (a, b) in enumerate(xy)
        if j != k and np.hypot(a - xy[k, 0], b - xy[k, 1]) < 2 * _WINDOW * fwhm
    ]
    point = np.exp(-0.5 * precision * (dx**2 + dy**2))
    terms = np.vstack(
        [point, point * dx * precision, point * dy * precision, np.ones_like(dx), dx, dy, *others]
    )
    if dx.size <= len(terms):
        return None
    try:
        inverse = np.linalg.inv(terms @ terms.T)
    except np.linalg.LinAlgError:
        return None
    solution = inverse @ (terms @ values)
    rms2 = float(((values - solution @ terms) ** 2).sum()) / (dx.size - len(terms))
    error = np.sqrt(inverse[0, 0] * rms2)
    if not solution[0] > _LEAST_SNR * error:
        return None
    step: Values = solution[1:3] / solution[0]
    length = float(np.hypot(*step))
    # Beyond a third of the FWHM the derivative is no longer the whole story.
    return step * min(1.0, fwhm / 3 / length) if length > 0 else step
