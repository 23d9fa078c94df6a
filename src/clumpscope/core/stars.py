"""Stars of a field: where they are, how bright, and how far their light reaches."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Stars:
    """N stars.

    Attributes
    ----------
    bands
        Names of the b bands of ``mag``.
    ra, dec
        (N,) ICRS degrees.
    mag
        (N, b) AB magnitude of the whole star; NaN where it could not be measured.
    radius_arcsec
        (N,) where its wings fall below 0.3 sigma of the sky a pixel, in the band in which they
        reach farthest.
    spike_arcsec
        (N,) length of its four diffraction spikes from its centre; 0 without.
    spike_angle_deg
        (N,) position angle of one of them, degrees east of north; the others follow by 90 degrees.
    saturated
        (N,) True if it is saturated in any band.
    faint
        (N,) True where it can be fitted with the PSF to the noise, and need not be masked.
    """

    bands: tuple[str, ...]
    ra: Values
    dec: Values
    mag: Values
    radius_arcsec: Values
    spike_arcsec: Values
    spike_angle_deg: Values
    saturated: Flags
    faint: Flags

    def __len__(self) -> int:
        return len(self.ra)

    def __getitem__(self, chosen: NDArray[np.generic] | slice) -> "Stars":
        names = [item.name for item in fields(self) if item.name != "bands"]
        return Stars(self.bands, *(getattr(self, name)[chosen] for name in names))

    @classmethod
    def none(cls, bands: tuple[str, ...]) -> "Stars":
        """No star."""
        nothing, no = np.empty(0), np.empty(0, dtype=bool)
        return cls(
            bands=bands,
            ra=nothing,
            dec=nothing,
            mag=np.empty((0, len(bands))),
            radius_arcsec=nothing,
            spike_arcsec=nothing,
            spike_angle_deg=nothing,
            saturated=no,
            faint=no,
        )
