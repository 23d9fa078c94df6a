"""Boxes on the page in a real browser, on a server with made-up galaxies."""

import pytest

from vet.browsing import NARROW, api, crowded, drag, galaxy, mine, on_screen, says, until
from vet.world import EDGES

pytestmark = pytest.mark.slow


def test_a_box_is_drawn_moved_resized_and_deleted(pages, served, world):
    page = pages(served)
    galaxy(page, served, 0)
    page.keyboard.press("d")
    drag(page, (90, 80), (100, 88))
    says(page, "A box was drawn")
    until(lambda: world.drawn)
    box = world.drawn["J000000"][0]
    edges = [box[name] for name in EDGES]
    assert edges == pytest.approx([90, 80, 100, 88], abs=0.15)
    drag(page, (100, 88), (104, 92))  # its upper right handle
    until(lambda: mine(world, 0, box["key"]).get("x2", 0) > 103)
    drag(page, (95, 84), (85, 74))  # the whole box
    until(lambda: mine(world, 0, box["key"])["x1"] < 85)
    told = mine(world, 0, box["key"])
    assert [told[name] for name in EDGES] == pytest.approx([80, 70, 94, 82], abs=0.3)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    until(lambda: mine(world, 0, box["key"])["x1"] == pytest.approx(told["x1"] + 2, abs=0.01))
    assert sum(event["action"] == "move" for event in world.events) == 3  # two steps are one
    page.keyboard.press("Delete")
    until(lambda: mine(world, 0, box["key"]).get("deleted"))
    assert page.locator("#clumps tbody tr").count() == world.counts[0]


def test_a_box_inside_a_box_is_chosen_by_clicks_and_by_tab(pages, served, world):
    page = pages(served)
    place = crowded(world)
    galaxy(page, served, place)
    outer = world.found(place)[0]
    middle = (outer["x1"] + outer["x2"]) / 2, (outer["y1"] + outer["y2"]) / 2
    keys = []
    for _ in range(2):
        page.mouse.click(*on_screen(page, *middle))
        keys.append(page.locator("#clumps tr.chosen").get_attribute("data-key"))
    assert sorted(keys) == ["m1", "m3"]
    page.locator("#clumps .pick").last.click()  # the table chooses, too
    last = page.locator("#clumps tbody tr").last.get_attribute("data-key")
    assert page.locator("#clumps tr.chosen").get_attribute("data-key") == last
    page.locator("#clumps .pick").first.click()
    page.locator("#canvas").focus()
    page.keyboard.press("Tab")
    assert page.locator("#clumps tr.chosen").get_attribute("data-key") == "m2"
    for _ in range(int(world.counts[place])):
        page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.id") != "canvas"


def test_a_box_that_was_decided_elsewhere_is_a_conflict_that_is_told(pages, served, world):
    page = pages(served)
    galaxy(page, served, 2)
    page.route("**/api/decisions?since=*", lambda route: route.abort())  # it hears of nothing
    given = {"galaxy": "J000002", "box": "m1", "action": "reject", "value": None, "version": 0}
    world.decide("Ada", given | {"request": "other tab"})
    page.keyboard.press("a")
    says(page, "This box was decided on elsewhere since")
    api.expect(page.locator("#clumps tbody tr").first).to_contain_text("rejected")
    assert mine(world, 2, "m1")["state"] == "rejected"
    pages.complaints[:] = [
        one for one in pages.complaints if "409" not in one and "ERR_FAILED" not in one
    ]


def test_two_fingers_zoom_and_one_moves_a_box(pages, served, world):
    page = pages(served, viewport=NARROW, has_touch=True, is_mobile=True)
    galaxy(page, served, 0)
    canvas, touch = page.locator("#canvas"), page.context.new_cdp_session(page)
    scale = float(canvas.get_attribute("data-scale"))
    box = world.found(0)[0]
    middle = (box["x1"] + box["x2"]) / 2, (box["y1"] + box["y2"]) / 2

    def fingers(kind, *points):
        places = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    x, y = on_screen(page, *middle)
    fingers("touchStart", (x, y))
    fingers("touchMove", (x + 6 * scale, y))
    fingers("touchEnd")
    until(lambda: mine(world, 0, "m1").get("x1", 0) > box["x1"] + 5)
    fingers("touchStart", (150, 300), (200, 300))
    fingers("touchMove", (100, 300), (250, 300))
    fingers("touchEnd")
    page.wait_for_timeout(100)
    assert float(canvas.get_attribute("data-scale")) == pytest.approx(3 * scale, rel=0.02)
