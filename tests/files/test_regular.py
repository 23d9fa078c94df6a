"""Only regular files are opened."""

import os
import socket

import pytest

from clumpscope.errors import FrameError, ImageError
from clumpscope.files.regular import regular


def test_a_file_and_a_link_to_one(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    link = tmp_path / "b"
    link.symlink_to(path)
    assert regular(path, ImageError) == path
    assert regular(link, ImageError, most_mb=5e-6) == link


def test_what_is_no_regular_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    endless = tmp_path / "endless.fits"
    endless.symlink_to("/dev/zero")
    for path, got in ((tmp_path, "a folder"), (pipe, "a named pipe"), (endless, "a device")):
        with pytest.raises(FrameError, match=f"{path}: expected a regular file, got {got}"):
            regular(path, FrameError)


def test_a_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(ImageError, match="expected a regular file, got a socket"):
            regular(tmp_path / "s", ImageError)


def test_a_missing_file_is_as_on_opening_it(tmp_path):
    with pytest.raises(FileNotFoundError):
        regular(tmp_path / "none", ImageError)


def test_a_file_that_is_too_large_is_not_opened(tmp_path):
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.truncate(3_000_001)
    assert regular(path, ImageError, 3.1) == path
    with pytest.raises(ImageError, match=r"a: size: expected at most 3 MB \(\[x\] y\), got 3 MB"):
        regular(path, ImageError, 3, "[x] y")
