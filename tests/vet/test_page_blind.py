"""The page's blind mode in a real browser, on a server with made-up galaxies."""

import pytest

from vet import stub
from vet.browsing import AXE, api, axe, until

pytestmark = pytest.mark.slow


def test_blind_mode_shows_pictures_alone(pages, serve, world):
    url = serve(stub.create_app(world, blind=True))
    page = pages(url)
    api.expect(page.locator("#blind")).to_contain_text("Picture 1 of 6")
    assert "J0" not in page.locator("body").inner_text()
    for key in "1234":
        page.keyboard.press(key)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("1")  # another answer to the fourth
    page.reload()
    api.expect(page.locator("#blind")).to_contain_text("Picture 5 of 6")
    page.get_by_role("button", name="star").click()
    page.get_by_role("button", name="nothing").click()
    api.expect(page.locator("#blind")).to_contain_text("All are answered")
    until(lambda: len(world.answers) == 6)
    assert list(world.answers.values()) == ["clump", "star", "arm", "clump", "star", "nothing"]


def test_blind_answers_that_wait_are_those_of_their_set(pages, serve, world):
    url = serve(stub.create_app(world, blind=True))
    page = pages(url)
    api.expect(page.locator("#blind")).to_contain_text("Picture 1 of 6")
    world.away = 401
    page.keyboard.press("2")
    api.expect(page.locator("#trouble")).to_contain_text("not kept yet")
    world.set, world.away = "set 2", 0
    page.reload()
    api.expect(page.locator("#blind")).to_contain_text("Picture 1 of 6")
    assert world.answers == {}
    world.set = "set 1"
    page.reload()
    until(lambda: world.answers == {1: "star"})
    pages.complaints[:] = [one for one in pages.complaints if "401" not in one]


def test_blind_answers_outlast_a_server_that_is_away(pages, serve, world):
    page = pages(serve(stub.create_app(world, blind=True)))
    api.expect(page.locator("#blind")).to_contain_text("Picture 1 of 6")
    page.route("**/api/blind", lambda route: route.abort())
    page.keyboard.press("2")
    api.expect(page.locator("#trouble")).to_contain_text("not kept yet")
    page.unroute("**/api/blind")
    page.reload()
    api.expect(page.locator("#blind")).to_contain_text("Picture 2 of 6")
    until(lambda: world.answers == {1: "star"})
    pages.complaints[:] = [one for one in pages.complaints if "ERR_FAILED" not in one]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install axe-core")
def test_axe_finds_nothing_in_blind_mode(pages, serve, world):
    url = serve(stub.create_app(world, blind=True))
    page = pages(url)
    page.wait_for_selector(".candidate")
    assert axe(page) == []
