"""The files of an SDSS field in the archive."""

from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.remote import RemoteFile
from clumpscope.errors import FrameError, expected_got
from clumpscope.stages.fetch.sdss.archive import MOST_MB
from clumpscope.stages.fetch.sdss.mirror import FieldKey

_RERUN = 301  # of all imaging since DR8
_FRAME_BYTES, _PSFIELD_BYTES, _PHOTOFIELD_BYTES = 3_400_000, 600_000, 650_000
_MOST = (999_999, 6, 9_999)


def check_field(run: int, camcol: int, field: int) -> FieldKey:
    """A field's key.

    Raises
    ------
    FrameError
        If there can be no such field.
    """
    key = FieldKey(run, camcol, field)
    if not all(1 <= number <= most for number, most in zip(key, _MOST, strict=True)):
        raise FrameError(expected_got("field of SDSS", "run, camcol (1 to 6), field", key))
    return key


def field_files(key: FieldKey, archive: str) -> list[RemoteFile]:
    """The frames of a field, r first, and its psField, which a few fields lack.

    Parameters
    ----------
    key
        See `check_field`.
    archive
        Address of the data release.
    """
    run, camcol, field = key
    name = f"{run:06d}-{camcol}-{field:04d}"
    frames = f"{archive}/eboss/photoObj/frames/{_RERUN}/{run}/{camcol}"
    files = [
        RemoteFile(file, f"{frames}/{file}", most_mb=MOST_MB, about_bytes=_FRAME_BYTES)
        for file in (f"frame-{b}-{name}.fits.bz2" for b in sorted(SDSS_BANDS, key="rugiz".index))
    ]
    psfield = RemoteFile(
        f"psField-{name}.fit",
        f"{archive}/eboss/photo/redux/{_RERUN}/{run}/objcs/{camcol}/psField-{name}.fit",
        most_mb=MOST_MB,
        about_bytes=_PSFIELD_BYTES,
        needed=False,
    )
    return [*files, psfield]


def photofield_file(key: FieldKey, archive: str) -> RemoteFile:
    """The camera's gains, of which psField has its own: for a field without."""
    name = f"photoField-{key.run:06d}-{key.camcol}.fits"
    url = f"{archive}/eboss/photoObj/{_RERUN}/{key.run}/{name}"
    return RemoteFile(name, url, most_mb=MOST_MB, about_bytes=_PHOTOFIELD_BYTES, needed=False)
