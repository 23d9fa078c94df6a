"""A run over galaxies of which each is hostile in its own way, and one is good."""

import bz2
import gzip
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from clumpscope.config.limits import LimitsConfig
from clumpscope.config.recipe import Recipe
from clumpscope.core.records import HOSTS, record_table
from clumpscope.jobs.run import run
from clumpscope.store.tables import read_parquet, write_parquet

LIMITS = LimitsConfig(decompressed_mb=5.0)


def edited(path: Path, **cards: object) -> None:
    with fits.open(path) as hdus:
        for hdu in hdus[1:]:
            hdu.header.update(cards)
        hdus.writeto(path, overwrite=True)


@pytest.fixture
def hostile(oblong: Path, tmp_path: Path) -> Path:
    """Copies of one galaxy, each spoilt but ``good`` and ``axes``."""
    folder = tmp_path / "sample"
    (folder / "images").mkdir(parents=True)
    source = sorted((oblong / "images").iterdir())[3]
    names = (
        "good",
        "axes",
        "bomb",
        "boolean",
        "host",
        "link",
        "nowhere",
        "packed",
        "units",
        "wide",
    )
    places = {name: folder / "images" / f"{name}.fits" for name in names}
    for path in places.values():
        shutil.copy(source, path)
    edited(places["axes"], WCSAXES=3, CTYPE3="FREQ", CRVAL3=1.4e9, CUNIT3="Hz")
    content = source.read_bytes()
    places["bomb"].write_bytes(gzip.compress(content + bytes(10_000_000)))
    edited(places["boolean"], PSFFWHM=True)
    places["link"].unlink()
    places["link"].symlink_to("/dev/zero")
    edited(places["nowhere"], CRVAL2=95.0)
    places["packed"].write_bytes(bz2.compress(content + bytes(10_000_000)))
    edited(places["units"], CUNIT1="arcsec", CUNIT2="arcsec")
    edited(places["wide"], PSFFWHM=3000.0)
    os.mkfifo(folder / "images" / "pipe.fits")
    dec = [95.0 if name == "host" else np.nan for name in (*names, "pipe")]
    columns = {"galaxy_id": [*names, "pipe"], "ra": [150.0] * len(dec), "dec": dec}
    write_parquet(record_table(HOSTS, columns), folder / "hosts.parquet")
    return folder


def test_each_fails_by_its_limit_and_the_run_goes_on(hostile: Path, tmp_path: Path) -> None:
    summary = run(hostile, tmp_path / "run", Recipe(limits=LIMITS))
    failures = read_parquet(tmp_path / "run" / "failures.parquet")
    assert set(failures["stage"]) == {"read"}
    told = dict(zip(failures["galaxy_id"], failures["error"], strict=True))
    expected = {
        "bomb": "size: expected at most 5 MB ([limits] decompressed_mb), got more when unpacked",
        "boolean": "PSFFWHM: expected a positive width in arcsec, got True",
        "host": "hosts.parquet dec: expected -90 to 90 degrees, got 95.0",
        "link": "link.fits: expected a regular file, got a device",
        "nowhere": "WCS CRVAL2: expected -90 to 90 degrees, got 95.0",
        "packed": "size: expected at most 5 MB ([limits] decompressed_mb), got more when unpacked",
        "pipe": "pipe.fits: expected a regular file, got a named pipe",
        "units": "at most 513 px a side ([limits] psf_px)",
        "wide": "at most 513 px a side ([limits] psf_px)",
    }
    assert set(told) == set(expected)
    for name, words in expected.items():
        assert words in told[name]
    assert (summary.galaxies, summary.failed, summary.undrawn) == (11, 9, "")
    catalogue = read_parquet(tmp_path / "run" / "catalogue.parquet")
    assert set(catalogue["galaxy_id"]) <= {"good", "axes"}
    detections = read_parquet(tmp_path / "run" / "detections.parquet")
    good, axes = (detections[detections["galaxy_id"] == name] for name in ("good", "axes"))
    assert len(good) == len(axes) > 0
    np.testing.assert_array_equal(good["score"], axes["score"])
