"""What was made of a galaxy's files, for the user."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Understood:
    """One band: where each part of it comes from, in words; ``notes`` are doubts."""

    galaxy_id: str
    band: str
    image: str
    unit: str
    noise: str
    mask: str
    psf: str
    notes: str = ""
