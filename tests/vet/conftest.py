"""A real browser, its pages, and servers for them."""

import shutil
from contextlib import ExitStack

import pytest

from vet import stub
from vet.world import World


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def serve():
    """Serves an app until the test ends; its address."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(stub.serving(app))


@pytest.fixture
def pages(browser, serve):  # pages are closed before servers
    """Opens pages; what any of them complains about fails the test."""
    contexts, complaints = [], []

    def opened(url, **options):
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    opened.complaints = complaints
    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def world():
    return World()


@pytest.fixture
def served(serve, world):
    return serve(stub.create_app(world))
