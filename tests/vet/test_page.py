"""The web page in a real browser, on a server with made-up galaxies."""

import pytest

from vet import stub
from vet.browsing import (
    AXE,
    NARROW,
    WIDE,
    api,
    axe,
    crowded,
    galaxy,
    mine,
    on_screen,
    says,
    shows,
    until,
)
from vet.world import World

pytestmark = pytest.mark.slow


def test_the_gallery_shows_galaxies_with_their_boxes(pages, served, world):
    page = pages(served)
    page.wait_for_selector(".tile img.there")
    assert page.locator("#count").text_content() == "60 galaxies"
    first = page.locator(".tile a").first
    best = world.ids[int(world.score.argmax())]
    assert first.locator(".tile-name").text_content() == best
    assert first.locator("rect").count() == world.counts[world.score.argmax()]
    # A box lies over its knot: y of a picture runs down.
    box = world.found(int(world.score.argmax()))[0]
    assert float(first.locator("rect").first.get_attribute("y")) == pytest.approx(99 - box["y2"])


def test_filters_choose_sort_and_stay_in_the_address(pages, served, world):
    page = pages(served)
    page.wait_for_selector(".tile")
    page.get_by_label("score from").fill("0.8")
    many = int((world.score >= 0.8).sum())
    api.expect(page.locator("#count")).to_have_text(f"{many} of 60 galaxies")
    page.get_by_label("Sort by").select_option("redshift")
    page.get_by_label("Order", exact=True).select_option("asc")
    page.reload()
    api.expect(page.locator("#count")).to_have_text(f"{many} of 60 galaxies")
    good = [k for k in range(60) if world.score[k] >= 0.8]
    lowest = world.ids[min(good, key=lambda k: world.redshift[k])]
    api.expect(page.locator(".tile a").first).to_have_attribute("href", f"#/g/{lowest}")
    assert page.locator("#filters-on").text_content() == "(1 on)"
    page.get_by_role("button", name="Clear filters").click()
    api.expect(page.locator("#count")).to_have_text("60 galaxies")
    page.get_by_label("name", exact=True).fill("00003")
    api.expect(page.locator("#count")).to_have_text("11 of 60 galaxies")


def test_arrows_go_through_the_gallery_and_enter_opens(pages, served):
    page = pages(served)
    page.wait_for_selector(".tile")
    page.locator(".tile a").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    columns = page.evaluate(
        "() => [...document.querySelectorAll('.tile')].filter("
        "one => one.getBoundingClientRect().top < 250).length"
    )
    place = page.evaluate("() => document.activeElement.dataset.place")
    assert int(place) == 1 + columns
    page.keyboard.press("End")
    api.expect(page.locator("[data-place='59']")).to_be_focused()
    page.keyboard.press("Enter")
    api.expect(page.locator("#galaxy")).to_be_visible()
    page.wait_for_selector("#canvas[data-shown]")
    name = page.locator("#name").text_content()
    page.keyboard.press("g")
    api.expect(page.locator(f"[href='#/g/{name}']")).to_be_focused()


def test_fifty_galaxies_are_vetted_with_less_than_two_keys_a_box(pages, served, world):
    page = pages(served)
    page.wait_for_selector(".tile")
    order = [int(k) for k in world.score.argsort(kind="stable")[::-1]]
    page.locator(".tile a").first.click()
    presses = boxes = 0
    for place in order[:50]:
        shows(page, place)
        for k in range(world.counts[place]):
            page.keyboard.press(("a", "r", "2")[k % 3])
            presses += 1
            boxes += 1
    assert presses < 2 * boxes
    until(lambda: len(world.events) == boxes)
    for place in order[:50]:
        states = [b["state"] for b in world.boxes(place, "Ada") if b["source"] == "model"]
        assert states[:2] == ["accepted", "rejected"][: len(states)]
        assert "undecided" not in states
    assert mine(world, crowded(world), "m3").get("decided_label", 2) == 2
    page.keyboard.press("g")
    page.locator("label", has_text="undecided").click()
    api.expect(page.locator("#count")).to_have_text("10 of 60 galaxies")


def test_what_is_decided_is_passed_over(pages, served, world):
    order = [int(k) for k in world.score.argsort(kind="stable")[::-1]]
    for number in range(world.counts[order[1]]):
        given = {"galaxy": world.ids[order[1]], "box": f"m{number + 1}", "action": "reject"}
        world.decide("Ada", given | {"value": None, "version": 0, "request": str(number)})
    page = pages(served)
    page.locator(".tile a").first.click()
    shows(page, order[0])
    for _ in range(world.counts[order[0]]):
        page.keyboard.press("a")
    shows(page, order[2])


def test_a_galaxy_without_clumps_is_decided_once_somebody_says_so(pages, served, world):
    empty = int(world.score.argmax())  # the gallery's first
    world.counts[empty] = 0
    page = pages(served)
    galaxy(page, served, empty)
    page.keyboard.press("Escape")
    tile = page.locator(f'.tile a[href="#/g/{world.ids[empty]}"]')
    api.expect(tile).to_have_count(1)
    api.expect(tile.locator(".badge.decided")).to_have_count(0)
    galaxy(page, served, empty)
    page.locator("[data-do=missed]").click()
    page.keyboard.press("Escape")
    api.expect(tile.locator(".badge.decided")).to_have_count(1)


def test_the_picture_is_zoomed_turned_bared_and_shown_in_a_band(pages, served, world):
    page = pages(served)
    galaxy(page, served, 0)
    canvas = page.locator("#canvas")

    def pixel(x, y):
        place = [one - canvas.bounding_box()[side] for one, side in ((x, "x"), (y, "y"))]
        code = "([x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data].slice(0, 3)"
        return page.evaluate(code, [round(one) for one in place])

    box = world.found(0)[0]
    x, y = on_screen(page, box["x1"], (box["y1"] + box["y2"]) / 2)
    line = pixel(x, y + 12)
    page.keyboard.down("h")
    until(lambda: pixel(x, y + 12) != line)
    page.keyboard.up("h")
    until(lambda: pixel(x, y + 12) == line)
    scale = float(canvas.get_attribute("data-scale"))
    page.mouse.move(round(x), round(y))
    before = page.locator("#under").text_content()
    page.mouse.wheel(0, -500)
    until(lambda: float(canvas.get_attribute("data-scale")) > 1.5 * scale)
    assert page.locator("#under").text_content() == before  # what is under it stays there
    page.keyboard.press("0")
    until(lambda: float(canvas.get_attribute("data-scale")) == scale)
    page.keyboard.press("v")  # turned by 25 degrees it needs more room
    until(lambda: float(canvas.get_attribute("data-scale")) < 0.95 * scale)
    with page.expect_request("**/api/image/J000000?bands=u"):
        page.keyboard.press("b")
    with page.expect_request("**/api/image/J000000?bands=u&contrast=*"):
        page.get_by_label("contrast").fill("1")
    pages.complaints[:] = [one for one in pages.complaints if "getImageData" not in one]


def test_the_next_undecided_is_found_behind_many_without_clumps(pages, serve):
    world = World(1200)
    world.counts[:], world.counts[-1] = 0, 2
    url = serve(stub.create_app(world))
    page = pages(url)
    galaxy(page, f"{url}/?sort=id&order=asc", 0)
    page.keyboard.press("n")
    shows(page, 1199)


def test_one_comes_back_to_the_galaxy_that_was_left(pages, serve):
    world = World(1000)
    page = pages(serve(stub.create_app(world)))
    page.wait_for_selector(".tile")
    page.get_by_label("Sort by").select_option("id")
    page.get_by_label("Order", exact=True).select_option("asc")
    page.wait_for_selector("[href='#/g/J000000']")
    page.goto(f"{page.url.replace('#/', '#/g/J000777')}")  # far from the first page
    shows(page, 777)
    api.expect(page.locator("#walk")).to_contain_text("778 of 1,000")
    page.keyboard.press("ArrowRight")
    shows(page, 778)
    page.keyboard.press("g")
    api.expect(page.locator("[href='#/g/J000778']")).to_be_focused()


def test_all_modules_are_loaded_at_once():
    names = {path.name for path in stub.STATIC.iterdir() if path.name.endswith(".js")} - {"main.js"}
    page = (stub.STATIC / "index.html").read_text()
    assert {name for name in names if f'rel="modulepreload" href="static/{name}"' in page} == names


def test_undo_redo_and_what_a_reload_keeps(pages, served, world):
    page = pages(served)
    place = next(k for k in range(60) if world.counts[k] == 1)
    galaxy(page, served, place)
    page.keyboard.press("2")  # goes on to the next galaxy
    page.wait_for_selector(f"#canvas:not([data-shown=J{place:06d}])")
    page.keyboard.press("u")  # and comes back
    shows(page, place)
    says(page, "Undone.")
    assert mine(world, place, "m1").get("state") is None
    page.keyboard.press("y")
    says(page, "Done again.")
    assert mine(world, place, "m1")["decided_label"] == 2
    page.reload()
    shows(page, place)
    row = page.locator("#clumps tbody tr").first
    api.expect(row).to_contain_text("odd clump")
    api.expect(row).to_contain_text("accepted")
    for _ in range(2):
        page.keyboard.press("u")
    says(page, "There is nothing to undo.")


def test_comments_nothing_missed_and_skip(pages, served, world):
    page = pages(served)
    galaxy(page, served, 1)
    page.get_by_label("go on by itself").uncheck()
    page.locator("#canvas").focus()
    page.keyboard.press("c")
    page.keyboard.type("<b>near & far</b> mas")
    page.keyboard.press("Escape")
    until(lambda: mine(world, 1, "m1").get("comment") == "<b>near & far</b> mas")
    page.keyboard.press("m")
    page.keyboard.press("s")
    until(lambda: mine(world, 1, "").get("nothing_missed") and mine(world, 1, "").get("skipped"))
    page.reload()
    shows(page, 1)
    assert page.locator("#comment-box").input_value() == "<b>near & far</b> mas"
    api.expect(page.locator("[data-do=skip]")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(
    ("answer", "why"),
    [(503, "The server does not answer"), (401, "does not know this browser: open the address")],
)
def test_decisions_wait_while_the_server_is_away_and_count_once(pages, served, world, answer, why):
    """A server that was started anew does not know the pages that are still open."""
    page = pages(served)
    place = crowded(world)
    galaxy(page, served, place)
    world.away = answer
    for key in "ar2"[: world.counts[place]]:
        page.keyboard.press(key)
    api.expect(page.locator("#wait")).to_contain_text("3 decisions waiting")
    api.expect(page.locator("#wait")).to_contain_text(why)
    page.on("dialog", lambda dialog: dialog.accept())
    world.away = 0
    page.reload()
    until(lambda: len(world.events) == 3)
    galaxy(page, served, place)
    api.expect(page.locator("#wait")).to_be_hidden()
    states = [mine(world, place, key)["state"] for key in ("m1", "m2", "m3")]
    assert states == ["accepted", "rejected", "accepted"]
    pages.complaints[:] = [one for one in pages.complaints if str(answer) not in one]


def test_two_people_see_one_another(pages, serve, served, world):
    other = serve(stub.create_app(world, "Ben"))
    ada, ben = pages(served), pages(other)
    for page, url in ((ada, served), (ben, other)):
        galaxy(page, url, 3)
        page.get_by_label("go on by itself").uncheck()
        page.locator("#canvas").focus()
    ada.keyboard.press("a")
    says(ben, "Ada has accepted clump 1.")
    api.expect(ben.locator("#chosen")).to_contain_text("accepted as clump by Ada")
    ben.keyboard.press("r")
    says(ada, "Ben has rejected clump 1.")
    assert mine(world, 3, "m1", "Ada")["state"] == "accepted"
    assert mine(world, 3, "m1", "Ben")["state"] == "rejected"


def test_keys_are_on_a_sheet_and_can_be_changed(pages, served, world):
    page = pages(served)
    galaxy(page, served, 4)
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog")
    sheet.locator("[data-action=accept]").click()
    page.keyboard.press("x")
    api.expect(sheet).to_contain_text("“accept the box” is now x.")
    page.keyboard.press("Escape")
    page.reload()
    shows(page, 4)
    page.keyboard.press("a")  # no longer a key
    page.wait_for_timeout(300)
    assert world.events == []
    page.keyboard.press("x")
    until(lambda: world.events)
    assert [event["action"] for event in world.events] == ["accept"]
    page.keyboard.press("?")
    sheet.get_by_role("button", name="All keys as they were").click()
    api.expect(sheet.locator("[data-action=accept]")).to_have_text("a")


def test_who_may_only_read_decides_nothing(pages, serve, world):
    url = serve(stub.create_app(world, read_only=True))
    page = pages(url)
    galaxy(page, url, 5)
    assert page.locator("#deck").is_hidden()
    for key in ("a", "r", "u", "m", "s", "Shift+D", "Shift+ArrowUp"):
        page.keyboard.press(key)
    page.wait_for_timeout(700)
    assert world.events == []


def test_an_id_that_is_a_script_is_text(pages, served, world):
    world.ids[0] = "<img src=x onerror=alert(1)>"
    page = pages(served)
    page.wait_for_selector(".tile")
    page.get_by_label("name", exact=True).fill("onerror")
    api.expect(page.locator("#count")).to_have_text("1 of 60 galaxies")
    page.locator(".tile a").click()
    api.expect(page.locator("#name")).to_have_text(world.ids[0])
    assert page.locator("#name img").count() == 0


def test_a_hundred_thousand_galaxies_are_few_in_the_page(pages, serve):
    world = World(100_000)
    url = serve(stub.create_app(world))
    page = pages(url)
    page.wait_for_selector(".tile")
    page.locator(".tile a").first.focus()
    page.keyboard.press("End")
    api.expect(page.locator("[data-place='99999']")).to_be_focused()
    page.locator("#scroller").evaluate("one => { one.scrollTop = one.scrollHeight / 2; }")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.tile a')].some("
        "one => Math.abs(one.dataset.place - 50000) < 100)"
    )
    assert page.locator(".tile").count() < 100


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing(pages, served, world, scheme, viewport):
    page = pages(served, color_scheme=scheme, viewport=viewport)
    page.wait_for_selector(".tile img.there")
    assert axe(page) == []
    galaxy(page, served, crowded(world))
    page.keyboard.press("a")
    says(page, "accepted")
    page.locator("summary", has_text="Shown").click()
    assert axe(page) == []
    page.locator("#canvas").focus()
    page.keyboard.press("?")
    assert axe(page) == []


def test_every_control_has_a_name_and_none_is_small(pages, served, world):
    page = pages(served)
    galaxy(page, served, crowded(world))
    controls = page.locator("button:visible, input:visible, select:visible, a:visible")
    for control in controls.all():
        name = control.evaluate(
            "one => (one.getAttribute('aria-label') || one.textContent ||"
            " [...(one.labels || [])].map(label => label.textContent).join('')).trim()"
        )
        assert name, control.evaluate("one => one.outerHTML")
    for button in page.locator("button:visible").all():
        assert button.bounding_box()["height"] >= 24
