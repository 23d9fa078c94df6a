"""What tests do with a page in a real browser."""

import os
import time
from pathlib import Path

import pytest

from places import ROOT
from vet.world import SHAPE

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
AXE = Path(os.environ.get("CLUMPSCOPE_AXE", ROOT / "node_modules" / "axe-core" / "axe.min.js"))
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def galaxy(page, url, place):
    page.goto(f"{url}/#/g/J{place:06d}")
    shows(page, place)


def shows(page, place):
    page.wait_for_selector(f"#canvas[data-shown=J{place:06d}]")


def says(page, text):
    api.expect(page.locator("#said")).to_contain_text(text)


def until(test, seconds=8):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end
        time.sleep(0.02)


def on_screen(page, x, y, shape=SHAPE):
    """A native pixel of the whole picture on the screen."""
    canvas = page.locator("#canvas")
    box, scale = canvas.bounding_box(), float(canvas.get_attribute("data-scale"))
    ny, nx = shape
    sx = box["x"] + box["width"] / 2 + scale * (x - (nx - 1) / 2)
    return sx, box["y"] + box["height"] / 2 - scale * (y - (ny - 1) / 2)


def drag(page, start, *stops, shape=SHAPE):
    page.mouse.move(*on_screen(page, *start, shape))
    page.mouse.down()
    for stop in stops:
        page.mouse.move(*on_screen(page, *stop, shape), steps=4)
    page.mouse.up()


def axe(page):
    """What axe-core finds of any weight."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run().then(result => result.violations)")
    return [(one["id"], one["impact"], [node["html"] for node in one["nodes"]]) for one in found]


def mine(world, place, key, by="Ada"):
    return world.mine.get((by, f"J{place:06d}", key), ({}, 0))[0]


def crowded(world, most=9):
    """The first galaxy with three boxes: the third is inside the first."""
    return next(k for k in range(len(world.ids)) if 3 <= world.counts[k] <= most)
