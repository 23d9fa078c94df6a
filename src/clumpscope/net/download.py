"""Files from the network whose size and hash are known."""

from pathlib import Path

from clumpscope.config.services import MannersConfig
from clumpscope.errors import DownloadError, ModelError, StoreError, expected_got
from clumpscope.net.client import FAULTS, Client
from clumpscope.net.faults import WrongSizeError, told
from clumpscope.net.transfer import Progress
from clumpscope.store.manifest import sha256_file

MANNERS = MannersConfig(attempts=5)


def download(
    url: str, whole: Path, size: int, sha256: str, advice: str, progress: Progress | None = None
) -> None:
    """Bring a file of known size and hash; a part of it has another name until it is whole.

    A broken download goes on from where it stopped, in this call or the next.

    Parameters
    ----------
    whole
        File to write.
    size
        Its bytes.
    sha256
        Its hash, as hex.
    advice
        What else a user can do, for the message of a failure.

    Raises
    ------
    ModelError
        If the file that came is of another size or hash; it is deleted.
    DownloadError
        If it cannot be had.
    StoreError
        If it cannot be written.
    """
    part = whole.with_name(f"{whole.name}.part")

    def check(part: Path) -> None:
        found = sha256_file(part)
        if found != sha256:
            part.unlink()
            what = f"sha256 {sha256}"
            raise ModelError(
                expected_got(f"download of {url}", what, found) + "; the file was deleted"
            )

    try:
        if whole.exists():  # of a call that ended before it was used
            whole.replace(part)
        with Client(MANNERS) as client:
            client.bring(url, whole, check, most=size, size=size, proven=True, progress=progress)
    except WrongSizeError as error:
        what = expected_got(f"download of {url}", f"{size} bytes", error)
        raise ModelError(what) from error
    except FAULTS as error:
        raise DownloadError(f"cannot download {url}: {told(error)}. {advice}") from error
    except OSError as error:
        raise StoreError(f"cannot write {part}: {error.strerror or error}") from error
