"""Files of an archive brought into a folder, unless they are there."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from clumpscope.core.remote import RemoteFile
from clumpscope.errors import DownloadError, StoreError
from clumpscope.net.bodies import check_fits
from clumpscope.net.client import FAULTS, Client
from clumpscope.net.faults import AbsentError, told

_PACKED = (".bz2", ".gz")


def bring_all(client: Client, files: Iterable[RemoteFile], folder: Path) -> list[str]:
    """Bring FITS files, each checked to its end; the names of those that the archive lacks.

    What is there already is not asked for: a file has its name only once it is whole.

    Raises
    ------
    DownloadError
        If a file cannot be had, or a needed one does not exist.
    StoreError
        If it cannot be written.
    """
    return [file.name for file in files if not bring_file(client, file, folder)]


def bring_file(client: Client, file: RemoteFile, folder: Path) -> bool:
    """Bring one FITS file; False if the archive says that it has none and it is not needed.

    Raises
    ------
    DownloadError, StoreError
        See `bring_all`.
    """
    whole = folder / file.name
    if whole.is_file():
        return True
    images = [] if file.shape is None else [file.shape]
    check = partial(check_fits, most_mb=file.most_mb, images=images)
    try:
        client.bring(
            file.url,
            whole,
            check,
            params=file.params,
            most=int(file.most_mb * 1e6),
            proven=file.name.endswith(_PACKED),  # their own checksums find out joined parts
        )
    except AbsentError as error:
        if file.needed:
            raise DownloadError(f"cannot download {file.url}: {told(error)}") from error
        return False
    except FAULTS as error:
        raise DownloadError(f"cannot download {file.url}: {told(error)}") from error
    except OSError as error:
        raise StoreError(f"cannot write {whole}: {error.strerror or error}") from error
    return True
