"""Published checkpoints from the authors' repository; the detector's only use of the network."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from clumpscope.models.header import read_spec
from clumpscope.models.registry import (PUBLISHED, REPOSITORY, PublishedCheckpoint, cache_folder, model_folder)
from clumpscope.errors import DownloadError, ModelError, StoreError, expected_got
from clumpscope.store.manifest import sha256_file

# The commit that holds the five files: a later state of the branch may not.
BASE_URL = (
    "https://media.githubusercontent.com/media/"
    f"{REPOSITORY}/"
    "b3b7937a32b223a6171192da06503706c43c870b/Faster-RCNN-Detection/models_final"
)
BASE_URL_VARIABLE = "CLUMPSCOPE_MODELS_URL"
Progress = Callable[[int, int], None]

_ATTEMPTS = 5
_PAUSE = 0.5  # seconds before the second attempt; doubles
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_OK, _PARTIAL, _RANGE_REFUSED = 200, 206, 416
_BUSY = {408, 425, 429, 500, 502, 503, 504}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _TryAgainError(Exception):
    """The download broke off; what came so far is kept."""


def fetch(name: str, base_url: str | None = None, progress: Progress | None = None) -> Path:
    """Download a published model, unless it is here, and import it into the cache.

    A broken download goes on from where it stopped, in this call or the next.

    Parameters
    ----------
    name
        One of `PUBLISHED`.
    base_url
        Folder of the files; ``None`` means ``$CLUMPSCOPE_MODELS_URL``, else the authors'.
    progress
        Called with the bytes that are here and the bytes in all.

    Returns
    -------
    The model file.

    Raises
    ------
    ModelError
        If the name is not a published one, or the file that came is of another size or hash;
        it is deleted.
    DownloadError
        If the file cannot be had; the message says how to get it by hand.
    StoreError
        If the cache cannot be written.
    """
    if name not in PUBLISHED:
        raise ModelError(expected_got("model", f"one of {', '.join(PUBLISHED)}", name))
    checkpoint = PUBLISHED[name]
    model = model_folder() / f"{name}.safetensors"
    if _is_from(model, checkpoint):
        return model
    base = base_url or os.environ.get(BASE_URL_VARIABLE) or BASE_URL
    source = _download(f"{base.rstrip('/')}/{checkpoint.file}", checkpoint, progress)

    # Here, since torch takes seconds to load.
    from clumpscope.detector.published import import_published

    model = import_published(source, name)
    source.unlink()
    return model


def _is_from(model: Path, checkpoint: PublishedCheckpoint) -> bool:
    try:
        return read_spec(model).weights_sha256 == checkpoint.sha256
    except ModelError:
        return False


def _download(url: str, checkpoint: PublishedCheckpoint, progress: Progress | None) -> Path:
    """Bring the whole checkpoint and check its hash; a part has another name."""
    whole = cache_folder() / "downloads" / checkpoint.file
    part = whole.with_name(f"{whole.name}.part")
    attempts = Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential(multiplier=_PAUSE, max=10),
        retry=retry_if_exception_type((_TryAgainError, httpx.TransportError)),
        reraise=True,
    )
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        if whole.exists():  # of a call that ended before the import
            whole.replace(part)
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
            attempts(_go_on, client, url, part, checkpoint.size, progress)
        found = sha256_file(part)
        if found != checkpoint.sha256:
            part.unlink()
            raise ModelError(
                expected_got(f"download of {url}", f"sha256 {checkpoint.sha256}", found)
                + "; the file was deleted"
            )
        part.replace(whole)
    except (_TryAgainError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadError(_advice(url, checkpoint, error)) from error
    except OSError as error:
        raise StoreError(f"cannot write {part}: {error.strerror or error}") from error
    return whole


def _go_on(
    client: httpx.Client, url: str, part: Path, size: int, progress: Progress | None
) -> None:
    """One attempt to bring ``part`` to ``size`` bytes."""
    here = part.stat().st_size if part.exists() else 0
    if here == size:
        return
    if here > size:
        part.unlink()
        here = 0
    headers = {"Accept-Encoding": "identity"}
    if here:
        headers["Range"] = f"bytes={here}-"
    with client.stream("GET", url, headers=headers) as response:
        start, total = _extent(response, part)
        if start not in (0, here):
            part.unlink()
            raise _TryAgainError(f"asked for bytes from {here}, got them from {start}")
        if total not in (None, size):
            _refuse(url, part, size, total)
        with part.open("ab" if start else "wb") as file:
            done = start
            for chunk in response.iter_raw():  # as it comes: gathered chunks are lost in a break
                done += len(chunk)
                if done > size:
                    break
                file.write(chunk)
                if progress is not None:
                    progress(done, size)
    if done > size:
        _refuse(url, part, size, f"at least {done}")
    if done < size:  # of a server that does not say how long its answer is
        raise _TryAgainError(f"the connection ended after {done} of {size} bytes")


def _extent(response: httpx.Response, part: Path) -> tuple[int, int | None]:
    """Read an answer's first byte, and the size of the whole file where the server says it."""
    status = response.status_code
    if status == _RANGE_REFUSED:
        part.unlink(missing_ok=True)
    if status in _BUSY or status == _RANGE_REFUSED:
        raise _TryAgainError(f"the server answered {status} {response.reason_phrase}")
    if status == _OK:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    if status == _PARTIAL:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None:
            raise _TryAgainError("the server did not say which part it sends")
        return int(found[1]), None if found[2] == "*" else int(found[2])
    response.raise_for_status()
    raise httpx.HTTPStatusError(
        f"the server answered {status} {response.reason_phrase}",
        request=response.request,
        response=response,
    )


def _refuse(url: str, part: Path, size: int, got: object) -> None:
    part.unlink(missing_ok=True)
    raise ModelError(expected_got(f"download of {url}", f"{size} bytes", got))


def _advice(url: str, checkpoint: PublishedCheckpoint, error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        reason = f"the server answered {error.response.status_code}"
    else:
        reason = str(error) or type(error).__name__
    return (
        f"cannot download {url}: {reason}. Run the command again to go on with what is here; "
        f"or get {checkpoint.file} ({checkpoint.size / 1e6:.0f} MB) from that address another "
        f"way, then run 'clumpscope models import {checkpoint.file} --as {checkpoint.name}'"
    )
