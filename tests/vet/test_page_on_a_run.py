"""The web page in a real browser, on the real server over a run."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

import labelled
import vetting
from clumpscope.core.frames import native_to_sky
from clumpscope.core.records import BY_EYE, record_table
from clumpscope.stages.by_eye import html_page
from clumpscope.store.tables import write_parquet
from clumpscope.vet.app import create_app
from clumpscope.vet.blind import Blind
from clumpscope.vet.desk import Desk
from clumpscope.vet.guard import Guard
from clumpscope.vet.query import Query
from vet.browsing import (
    AXE,
    api,
    axe,
    drag,
    on_screen,
    says,
    until,
)
from vet.many import PER_GALAXY, many

pytestmark = pytest.mark.slow
TOKEN = vetting.TOKEN


@pytest.fixture
def run(tmp_path):
    return vetting.made(tmp_path)


@pytest.fixture
def desk(run):
    return Desk(run)


@pytest.fixture
def served(serve, desk):
    return serve(create_app(desk, Guard(TOKEN, "ann")))


def entered(pages, url, name=""):
    page = pages(f"{url}/?token={TOKEN}" + (f"&as={name}" if name else ""))
    page.wait_for_selector(".tile")
    return page


def shown(page, url, name):
    page.goto(f"{url}/#/g/{name}")
    page.wait_for_selector(f"#canvas[data-shown={name}]")


def box(desk, name, key, by="ann"):
    return next(b for b in desk.galaxy(name, by, Query())["boxes"] if b["key"] == key)


def test_without_the_token_the_page_is_not_shown(pages, served):
    page = pages(served)
    api.expect(page.locator("body")).to_contain_text("token")
    page.wait_for_load_state("networkidle")  # the page's icon is refused, too
    page.close()
    pages.complaints.clear()


def test_the_gallery_of_a_run(pages, served):
    page = entered(pages, served)
    page.wait_for_selector(".tile rect")
    api.expect(page.locator("#count")).to_have_text("3 galaxies")
    page.get_by_label("score from").fill("0.9")
    api.expect(page.locator("#count")).to_have_text("1 of 3 galaxies")
    page.get_by_role("button", name="Clear filters").click()
    for sort in ("redshift", "most useful to label", "disagreement", "name"):
        page.get_by_label("Sort by").select_option(label=sort)
        api.expect(page.locator("#count")).to_have_text("3 galaxies")


@pytest.mark.parametrize("name", ["a1", "b2", "c3"])
def test_the_sky_under_the_cursor_is_the_wcs_s(pages, served, name):
    page = entered(pages, served)
    shown(page, served, name)
    ny, nx = labelled.SHAPES[name]
    for x, y in ((0.0, 0.0), (nx - 1.0, 3.0), (nx / 2, ny - 2.0)):
        page.mouse.move(*on_screen(page, x, y, (ny, nx)))
        words = page.locator("#under").text_content().replace("−", "-").replace("°", "").split()
        near = np.array(words[1:4:2], dtype=float)
        assert near == pytest.approx([x, y], abs=0.2)
        told = np.array(words[-2:], dtype=float)
        sky = native_to_sky([near], labelled.wcs_of(name))[0]
        apart = (told - sky) * [np.cos(np.radians(sky[1])), 1] * 3600
        assert np.hypot(*apart) < 0.1  # a quarter of a pixel: the text rounds


def test_a_box_is_drawn_resized_undone_and_there_after_a_reload(pages, served, desk):
    page = entered(pages, served)
    shown(page, served, "a1")
    shape = labelled.SHAPES["a1"]
    page.keyboard.press("d")
    drag(page, (20, 30), (30, 38), shape=shape)
    until(lambda: desk.decisions.revision() == 1)
    drag(page, (30, 38), (33, 40), shape=shape)
    until(lambda: desk.decisions.revision() == 2)
    edges = [box(desk, "a1", "d1")[side] for side in ("x1", "y1", "x2", "y2")]
    assert edges == pytest.approx([20, 30, 33, 40], abs=0.2)
    page.keyboard.press("u")
    says(page, "Undone.")
    assert box(desk, "a1", "d1")["x2"] == pytest.approx(30, abs=0.2)
    page.keyboard.press("y")
    says(page, "Done again.")
    page.reload()
    page.wait_for_selector("#canvas[data-shown=a1]")
    assert page.locator("#clumps tbody tr").count() == 3
    page.locator("#clumps .pick").last.click()
    page.locator("#canvas").focus()
    page.keyboard.press("Delete")
    until(lambda: desk.decisions.revision() == 5)
    assert "d1" not in [one["key"] for one in desk.galaxy("a1", "ann", Query())["boxes"]]


def test_every_action_is_taken(pages, served, desk):
    page = entered(pages, served)
    shown(page, served, "b2")
    page.get_by_label("go on by itself").uncheck()
    page.locator("#canvas").focus()
    for key in ("a", "r", "1", "2", "o", "m", "s", "Shift+ArrowUp", "]", "u", "y"):
        page.keyboard.press(key)
    page.keyboard.press("c")
    page.keyboard.type("faint")
    page.keyboard.press("Escape")
    until(lambda: desk.decisions.since(0)[-1:] and desk.decisions.since(0)[-1].action == "comment")
    actions = [event.action for event in desk.decisions.since(0)]
    expected = ["accept", "reject", "accept", "accept", "accept", "nothing_missed", "skip", "move"]
    assert actions == [*expected, "undo", "redo", "comment"]
    api.expect(page.locator("#said")).not_to_contain_text("Not kept")


def test_two_people_see_one_another(pages, served, desk):
    ann, bob = entered(pages, served), entered(pages, served, "bob")
    for page in (ann, bob):
        shown(page, served, "c3")
        page.get_by_label("go on by itself").uncheck()
        page.locator("#canvas").focus()
    ann.keyboard.press("a")
    says(bob, "ann has accepted clump 1.")
    api.expect(bob.locator("#chosen")).to_contain_text("by ann")
    bob.keyboard.press("r")
    says(ann, "bob has rejected clump 1.")
    states = [box(desk, "c3", "c1", by)["state"] for by in ("ann", "bob")]
    assert states == ["accepted", "rejected"]


def test_fifty_galaxies_are_vetted_and_exported(pages, serve, tmp_path):
    desk = Desk(many(tmp_path, 55))
    url = serve(create_app(desk, Guard(TOKEN, "ann")))
    page = entered(pages, url)
    page.locator(".tile a").first.click()
    seen = None
    for _ in range(50):
        page.wait_for_selector(f"#canvas[data-shown]:not([data-shown='{seen}'])")
        seen = page.locator("#canvas").get_attribute("data-shown")
        for key in "ar2":
            page.keyboard.press(key)  # one key a box
    until(lambda: desk.decisions.revision() == 50 * PER_GALAXY, 20)
    told = json.loads(page.request.get(f"{url}/api/export?format=json").text())
    states = [one["state"] for galaxy in told["galaxies"] for one in galaxy["boxes"]]
    assert (states.count("accepted"), states.count("rejected")) == (100, 50)
    page.keyboard.press("g")
    page.locator("label", has_text="undecided").click()
    api.expect(page.locator("#count")).to_have_text("5 of 55 galaxies")


def test_blind_readers_answer_and_hear_how_far_they_agree(pages, serve, tmp_path):
    picture = io.BytesIO()
    Image.fromarray(np.full((60, 240, 3), 90, dtype=np.uint8)).save(picture, "JPEG")
    places = {"number": [1, 2, 3], "galaxy_id": ["secret"] * 3, "stratum": ["run:2"] * 3}
    key = record_table(BY_EYE, places | dict.fromkeys(("x", "y", "probability"), [0.5] * 3))
    key.meta |= {"finders": ["one", "two"], "set": "abc123"}
    key["role_0"], key["role_1"] = [2, 0, 2], [0, 2, 2]
    write_parquet(key, tmp_path / "key.parquet")
    (tmp_path / "readers").mkdir()
    cards = [base64.b64encode(picture.getvalue()).decode()] * 3
    (tmp_path / "readers" / "judge.html").write_text(html_page(cards, "abc123"))
    url = serve(create_app(Blind(tmp_path), Guard(TOKEN, "ann")))
    for name, keys in (("ann", "125"), ("bob", "126")):
        page = pages(f"{url}/?token={TOKEN}&as={name}")
        api.expect(page.locator("#blind")).to_contain_text("Picture 1 of 3")
        assert "secret" not in page.content()
        for one in keys:
            page.keyboard.press(one)
        api.expect(page.locator("#blind")).to_contain_text("All are answered")
    # Two of three agree; by chance two of nine would: (2/3 - 2/9) / (7/9).
    api.expect(page.locator("#blind")).to_contain_text("ann and bob: 67 % the same, kappa 0.57.")
    rows = (tmp_path / "answers" / "bob.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["clump", "star", "nothing"]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install axe-core")
def test_axe_finds_nothing_on_a_run(pages, served):
    page = entered(pages, served)
    page.wait_for_selector(".tile rect")
    assert axe(page) == []
    shown(page, served, "b2")
    page.keyboard.press("a")
    assert axe(page) == []
