"""A client that is polite and stubborn, against a server that misbehaves as told."""

import bz2
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import httpx
import numpy as np
import pytest

from clumpscope.config.services import MannersConfig
from clumpscope.net.bodies import check_fits
from clumpscope.net.client import Client
from clumpscope.net.faults import AbsentError, RefusedError, TryAgainError, retry_after
from sky_server import FAULTS, image_bytes

QUICK = {"attempts": 4, "pause_s": 0.01, "timeout_s": 1.0}
FITS = image_bytes(np.arange(144 * 250, dtype=np.float32).reshape(250, 144))  # to its last byte
PACKED = bz2.compress(FITS)
CHECK = partial(check_fits, most_mb=5)


@pytest.fixture
def client():
    with Client(MannersConfig(**QUICK)) as client:
        yield client


def bring(client, sky, tmp_path, name="a.fits", **more):
    whole = tmp_path / "cache" / name
    client.bring(f"{sky.url}/{name}", whole, CHECK, **{"most": 10**6, **more})
    assert [path.name for path in whole.parent.iterdir()] == [name]
    return whole.read_bytes()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["a.fits", "a.fits.bz2"])
def test_each_fault_once(client, sky, tmp_path, name, fault):
    content = PACKED if name.endswith("bz2") else FITS
    sky.files[f"/{name}"] = content
    sky.faults[f"/{name}"] = [fault]
    assert bring(client, sky, tmp_path, name) == content
    assert sky.asked[f"/{name}"] == (1 if fault == "slow" else 2)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("cut", "peer closed"),
        ("cut short", "truncated"),
        ("busy", "answered 429"),
        ("error", "answered 500"),
        ("page", "web page for a file, 'Down for maintenance'"),
        ("wrong", "truncated or damaged|invalid|checksum|Checksum"),
        ("circle", "in a circle"),
        ("file", "redirects to file:"),
        ("hung up", "disconnected|closed|reset"),
    ],
)
def test_a_fault_that_stays_is_given_up_with_its_reason(client, sky, tmp_path, fault, told):
    sky.files["/a.fits.bz2"] = PACKED
    sky.faults["/a.fits.bz2"] = 99 * [fault]
    with pytest.raises((TryAgainError, httpx.TransportError), match=told):
        bring(client, sky, tmp_path, "a.fits.bz2")
    assert sky.asked["/a.fits.bz2"] == 4
    assert not (tmp_path / "cache" / "a.fits.bz2").exists()


def test_what_is_not_there_is_asked_for_once(client, sky, tmp_path):
    with pytest.raises(AbsentError, match="answered 404"):
        bring(client, sky, tmp_path)
    assert sky.asked["/a.fits"] == 1


def test_a_file_that_is_too_large(client, sky, tmp_path):
    sky.files["/a.fits"] = FITS
    with pytest.raises(RefusedError, match=f"expected at most 1000 bytes, got {len(FITS)}"):
        bring(client, sky, tmp_path, most=1000)
    assert list((tmp_path / "cache").iterdir()) == []
    assert sky.asked["/a.fits"] == 1


def test_a_packed_file_that_unpacks_to_too_much(client, sky, tmp_path):
    sky.files["/a.fits.bz2"] = bz2.compress(bytes(20_000_000))
    with pytest.raises(TryAgainError, match="at most 5 MB"):
        bring(client, sky, tmp_path, "a.fits.bz2")


def test_a_part_of_another_call_goes_on_only_if_its_joints_are_found_out(client, sky, tmp_path):
    (tmp_path / "cache").mkdir()
    for name, content, ranges in (("a.fits.bz2", PACKED, 1), ("a.fits", FITS, 0)):
        sky.headers.clear()
        sky.files[f"/{name}"] = content
        (tmp_path / "cache" / f"{name}.part").write_bytes(content[:3000])
        assert bring(client, sky, tmp_path, name, proven=bool(ranges)) == content
        assert sum("Range" in headers for headers in sky.headers) == ranges
        (tmp_path / "cache" / name).unlink()
    (tmp_path / "cache" / "a.fits.bz2.part").write_bytes(b"x" * 3000)  # of another version
    assert bring(client, sky, tmp_path, "a.fits.bz2", proven=True) == PACKED


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_heeded(sky, tmp_path, form):
    sky.files["/a.fits"] = FITS
    sky.faults["/a.fits"] = ["busy"]
    later = datetime.now(UTC) + timedelta(seconds=2)
    sky.retry_after = "1" if form == "seconds" else format_datetime(later, usegmt=True)
    begun = time.monotonic()
    with Client(MannersConfig(**QUICK)) as client:
        bring(client, sky, tmp_path)
    assert time.monotonic() - begun > 0.9


def test_other_files_wait_with_the_one_that_was_told_to(sky, client):
    sky.files["/a"], sky.files["/b"] = b"a", b"b"
    sky.faults["/a"] = ["busy"]
    sky.retry_after = "1"
    begun = time.monotonic()
    thread = threading.Thread(target=client.text, args=(f"{sky.url}/a",))
    thread.start()
    while not sky.asked:
        time.sleep(0.01)
    time.sleep(0.1)
    client.text(f"{sky.url}/b")
    assert time.monotonic() - begun > 0.9
    thread.join()


def test_who_asks_for_an_hour_is_given_up(sky, client):
    sky.files["/a"] = b"a"
    sky.faults["/a"] = 9 * ["busy"]
    sky.retry_after = "3600"
    with pytest.raises(TryAgainError, match="429"):
        client.text(f"{sky.url}/a")
    assert sky.asked["/a"] == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("7", 7.0), ("", None), ("soon", None), ("-1", None), ("1e9", None), ("²", None)),
        ("Fri, 31 Dec 99999999999 23:59:59 GMT", None),
    ],
)
def test_forms_of_retry_after(text, seconds):
    assert retry_after({"Retry-After": text}) == seconds


def test_dates_of_retry_after():
    date = datetime.now(UTC) + timedelta(seconds=100)
    assert retry_after({"Retry-After": format_datetime(date, usegmt=True)}) == pytest.approx(
        100, 0.05
    )
    assert retry_after({"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}) == 0.0


def test_few_requests_at_a_time(sky):
    sky.files["/a"] = b"a"
    sky.share, sky.kinds = 1.0, ("slow",)
    with Client(MannersConfig(**QUICK, at_once=2)) as client:
        threads = [threading.Thread(target=client.text, args=(f"{sky.url}/a",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sky.most_at_once == 2
    assert sky.asked["/a"] == 8


def test_a_host_that_is_down_is_asked_less(sky, client):
    for name in "abcdef":
        sky.files[f"/{name}"] = b"x"
        sky.faults[f"/{name}"] = 99 * ["error"]
        with pytest.raises(TryAgainError):
            client.text(f"{sky.url}/{name}")
    assert [sky.asked[f"/{name}"] for name in "abcdef"] == [4, 4, 4, 1, 1, 1]
    sky.faults.clear()
    client.text(f"{sky.url}/a")
    sky.faults["/b"] = 3 * ["error"]
    assert client.text(f"{sky.url}/b") == "x"  # it is up again


def test_a_drip_is_too_slow(sky, tmp_path):
    sky.files["/a.fits"] = FITS
    manners = MannersConfig(**{**QUICK, "timeout_s": 0.05, "attempts": 2}, least_kb_per_s=1e9)
    sky.share, sky.kinds = 1.0, ("slow",)
    with Client(manners) as client, pytest.raises((TryAgainError, httpx.TransportError)):
        bring(client, sky, tmp_path)


def test_closing_ends_a_pause(sky):
    sky.files["/a"] = b"a"
    sky.faults["/a"] = 99 * ["busy"]
    sky.retry_after = "60"
    client = Client(MannersConfig(**QUICK))
    threading.Timer(0.3, client.close).start()
    begun = time.monotonic()
    with pytest.raises((TryAgainError, RefusedError)):
        client.text(f"{sky.url}/a")
    assert time.monotonic() - begun < 5


def test_closing_ends_a_wait_for_an_answer(sky):
    sky.files["/a"] = b"a"
    asked, over = threading.Event(), threading.Event()
    sky.on_request = lambda _: (asked.set(), over.wait(20))
    client = Client(MannersConfig())
    closer = threading.Thread(target=lambda: (asked.wait(10), client.close()))
    closer.start()
    begun = time.monotonic()
    with pytest.raises((RefusedError, httpx.TransportError)):
        client.text(f"{sky.url}/a")
    assert time.monotonic() - begun < 10
    over.set()
    closer.join()


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("file:///etc/passwd", "redirects to file:"),
        ("ftp://127.0.0.1/a", "redirects to ftp:"),
        ("http://user:word@127.0.0.1/a", "user's name"),
    ],
)
def test_redirects_that_are_not_followed(client, location, told):
    def moved(request):
        return httpx.Response(302, headers={"Location": location})

    client._http = httpx.Client(transport=httpx.MockTransport(moved))
    with pytest.raises(TryAgainError, match=told):
        client.text("http://127.0.0.1/a")


def test_never_from_https_to_http(client):
    def moved(request):
        assert request.url.scheme == "https"
        return httpx.Response(302, headers={"Location": "http://127.0.0.1/a"})

    client._http = httpx.Client(transport=httpx.MockTransport(moved))
    with pytest.raises(TryAgainError, match="from https to http"):
        client.text("https://127.0.0.1/a")
