"""What a hub says of a file before it is downloaded: its size and hash."""

import re
from urllib.parse import urljoin, urlsplit

import httpx

from clumpscope.errors import DownloadError

_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_MOST_MOVES = 3
_SIZE = re.compile(r"[0-9]{1,18}")
_SHA256 = re.compile(r'(?:W/)?"?([0-9a-f]{64})"?')
_MISSING = (401, 404)  # Hugging Face answers 401 for a repository that is not there


def described(url: str, advice: str) -> tuple[int, str] | None:
    """Size (bytes) and sha256 of a file that a hub keeps by its hash, ``None`` if it has none.

    Hugging Face answers for a large file where its bytes are, and in two headers how many they
    are and their sha256.

    Raises
    ------
    DownloadError
        If there is no network, or the answer does not say it.
    """
    try:
        with httpx.Client(timeout=_TIMEOUT) as client:
            answer = client.head(url)
            for _ in range(_MOST_MOVES):
                moved = urljoin(url, answer.headers.get("Location", ""))
                if "X-Linked-Size" in answer.headers or urlsplit(moved)[:2] != urlsplit(url)[:2]:
                    break
                if not answer.is_redirect:
                    break
                answer = client.head(moved)  # of a repository with a new name
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        told = str(error) or type(error).__name__
        raise DownloadError(f"cannot download {url}: {told}. {advice}") from error
    if answer.status_code in _MISSING:
        return None
    size = answer.headers.get("X-Linked-Size", "")
    sha256 = _SHA256.fullmatch(answer.headers.get("X-Linked-ETag", ""))
    if not _SIZE.fullmatch(size) or sha256 is None:
        status = f"the server answered {answer.status_code} without size and hash"
        raise DownloadError(f"cannot download {url}: {status}. {advice}")
    return int(size), sha256[1]
