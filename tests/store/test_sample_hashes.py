"""What a sample's hashes tell of a change."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from clumpscope.core.records import HOSTS, TRUTH, record_table
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)


def hosts(folder, **columns):
    write_parquet(record_table(HOSTS, columns), folder / "hosts.parquet")


def three(folder):
    """Three pictures and a host table; "c" has no picture."""
    for name in "ab":
        picture(folder / "images" / f"{name}.png")
    hosts(folder, galaxy_id=list("abc"), redshift=[0.1, 0.2, 0.3])
    return folder


def test_a_fingerprint_stays_while_nothing_changes(tmp_path):
    first = Sample.open(three(tmp_path / "one")).fingerprint()
    assert Sample.open(tmp_path / "one").fingerprint() == first
    (tmp_path / "one" / "notes.txt").write_text("beside it")
    assert Sample.open(tmp_path / "one").fingerprint() == first
    shutil.copytree(tmp_path / "one", tmp_path / "two")  # times and all
    assert Sample.open(tmp_path / "two").fingerprint() == first


def later(path):
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))


def longer(path):
    state = path.stat()
    path.write_bytes(path.read_bytes() + b"x")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: later(folder / "images" / "b.png"),
        lambda folder: longer(folder / "images" / "b.png"),
        lambda folder: (folder / "images" / "a.png").unlink(),
        lambda folder: picture(folder / "images" / "c.png"),
        lambda folder: hosts(folder, galaxy_id=list("abc"), redshift=[0.1, 0.2, 0.4]),
    ],
)
def test_a_fingerprint_tells_of_a_change(tmp_path, change):
    """Of one image's time alone, or its size alone; an image more or less; the host table."""
    before = Sample.open(three(tmp_path)).fingerprint()
    change(tmp_path)
    assert Sample.open(tmp_path).fingerprint() != before


def test_a_bare_folder_has_a_fingerprint(tmp_path):
    picture(tmp_path / "a.png")
    before = Sample.open(tmp_path).fingerprint()
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    assert Sample.open(tmp_path).fingerprint() != before


def test_a_content_hash_is_of_numbers_to_five_digits(tmp_path):
    def hash_of(x=3.0, redshift=0.1, label=1):
        picture(tmp_path / "images" / "a.png")
        hosts(tmp_path, galaxy_id=["a"], redshift=[redshift])
        truth = {"galaxy_id": ["a"], "clump_id": [1], "x": [x], "y": [4.0], "label": [label]}
        write_parquet(record_table(TRUTH, truth), tmp_path / "truth.parquet")
        return Sample.open(tmp_path).content_hash()

    first = hash_of()
    assert first == hash_of(x=3.00001) == hash_of(redshift=0.1000001)
    assert len({first, hash_of(x=3.001), hash_of(redshift=0.10001), hash_of(label=2)}) == 4
