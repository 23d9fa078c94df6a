"""A server of the sky for tests of the network."""

import pytest

from sky_server import SkyServer


@pytest.fixture
def sky(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    server = SkyServer()
    yield server
    server.close()
