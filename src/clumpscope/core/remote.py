"""A file of an archive: where it is asked for, and where it shall lie."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RemoteFile:
    """One file to bring.

    Attributes
    ----------
    name
        Its name on the disk.
    url
        Its address, without a question.
    params
        The question, as names and values.
    most_mb
        Most that it may take, packed or unpacked, MB.
    about_bytes
        How large such files are, for an estimate.
    shape
        (ny, nx) of its images, where that is asked for.
    needed
        Whether the galaxy fails without it; else the archive may say that there is none.
    """

    name: str
    url: str
    params: tuple[tuple[str, str], ...] = ()
    most_mb: float = 200.0
    about_bytes: int = 0
    shape: tuple[int, int] | None = None
    needed: bool = True
