"""A password reaches its own host, and nobody and nothing else."""

import base64
import logging
import sys
import traceback
import types
from dataclasses import replace

import httpx
import pytest

from clumpscope.config.services import MannersConfig
from clumpscope.errors import DownloadError
from clumpscope.net.client import Client
from clumpscope.net.faults import TryAgainError
from clumpscope.net.secret import Credentials, credentials_for

USER, PASSWORD = "gina@local", "s3same+öffne/dich"
TOKEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SECRETS = (PASSWORD, TOKEN, USER)
HOME = "https://archive.example"


@pytest.fixture
def account(monkeypatch):
    monkeypatch.setenv("CLUMPSCOPE_HSC_USER", USER)
    monkeypatch.setenv("CLUMPSCOPE_HSC_PASSWORD", PASSWORD)


def given(headers) -> list[str | None]:
    return [header.get("Authorization") for header in headers]


def test_it_is_told_in_a_header_to_its_own_host(sky, account):
    sky.files["/a"] = b"a"
    own = credentials_for(sky.url, "hsc", HOME)
    with Client(MannersConfig(), [own]) as client:
        client.text(f"{sky.url}/a")
        client.text(sky.url.replace("127.0.0.1", "localhost") + "/a")
    assert given(sky.headers) == [f"Basic {TOKEN}", None]
    assert not any(secret in path for path in sky.asked for secret in SECRETS)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("https://archive.example/b", True),
        ("https://other.example/b", False),
        ("https://archive.example:8443/b", False),
        ("https://archive.example.evil.example/b", False),
    ],
)
def test_a_redirect_takes_it_no_farther(account, target, told):
    seen = []

    def answer(request):
        seen.append("Authorization" in request.headers)
        if request.url.path == "/a":
            return httpx.Response(302, headers={"Location": target})
        return httpx.Response(200, text="b")

    with Client(MannersConfig(), [credentials_for(HOME, "hsc", HOME)]) as client:
        client._http = httpx.Client(transport=httpx.MockTransport(answer))
        assert client.text("https://archive.example/a") == "b"
    assert seen == [True, told]


def test_it_is_in_no_text_log_or_traceback(sky, account, caplog):
    own = credentials_for(sky.url, "hsc", HOME)
    sky.files["/a"] = b"a"
    sky.faults["/a"] = 9 * ["error"]
    caplog.set_level(logging.DEBUG)
    with (
        Client(MannersConfig(attempts=2, pause_s=0.0), [own]) as client,
        pytest.raises(TryAgainError) as caught,
    ):
        client.text(f"{sky.url}/a")
    sky.close()
    with (
        Client(MannersConfig(attempts=1), [own]) as client,
        pytest.raises(httpx.ConnectError) as unheard,
    ):
        client.text(f"{sky.url}/a")
    sky.close = lambda: None
    texts = [caplog.text, repr(own), str(own), repr(client)]
    for error in (caught.value, unheard.value):
        lines = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = [frame for frame in lines.stack if "clumpscope" in frame.filename]
        texts += ["".join(traceback.format_exception(error)), repr([one.locals for one in ours])]
    texts += [repr(record.args) for record in caplog.records]
    assert "httpcore" in caplog.text  # it did log
    for text in texts:
        assert not any(secret in text for secret in SECRETS)


def test_without_an_account_it_is_said_how_to_get_one(monkeypatch):
    monkeypatch.delenv("CLUMPSCOPE_HSC_USER", raising=False)
    monkeypatch.setenv("CLUMPSCOPE_HSC_PASSWORD", PASSWORD)
    with pytest.raises(DownloadError, match="no CLUMPSCOPE_HSC_USER; registration") as caught:
        credentials_for(HOME, "hsc", HOME)
    assert PASSWORD not in str(caught.value)
    monkeypatch.setenv("CLUMPSCOPE_HSC_USER", USER)
    monkeypatch.delenv("CLUMPSCOPE_HSC_PASSWORD")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(DownloadError, match="no CLUMPSCOPE_HSC_PASSWORD"):
        credentials_for(HOME, "hsc", HOME)


@pytest.mark.parametrize(
    ("address", "host", "told"),
    [
        (HOME, "", True),
        ("http://archive.example", "", False),
        ("https://archive.example:8443", "", False),
        ("https://evil.example", "", False),
        ("https://mirror.example/hsc", "mirror.example", True),
        ("https://mirror.example/hsc", "Mirror.Example", True),
        ("http://mirror.example/hsc", "mirror.example", False),
        ("https://mirror.example.evil.example", "mirror.example", False),
    ],
)
def test_a_recipe_of_others_sends_it_nowhere(account, monkeypatch, address, host, told):
    monkeypatch.setenv("CLUMPSCOPE_HSC_HOST", host)
    if told:
        assert credentials_for(address, "hsc", HOME).password == PASSWORD
        return
    with pytest.raises(DownloadError, match="gets your password.*CLUMPSCOPE_HSC_HOST") as caught:
        credentials_for(address, "hsc", HOME)
    assert not any(secret in str(caught.value) for secret in SECRETS)


def test_the_keyring_of_the_system(monkeypatch):
    monkeypatch.setenv("CLUMPSCOPE_HSC_USER", USER)
    monkeypatch.delenv("CLUMPSCOPE_HSC_PASSWORD", raising=False)
    keyring = types.ModuleType("keyring")
    keyring.get_password = lambda service, user: {("clumpscope-hsc", USER): PASSWORD}[service, user]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    own = credentials_for(HOME, "hsc", HOME)
    assert own == Credentials(("https", "archive.example", None), USER, PASSWORD)
    assert replace(own, password="") != own
