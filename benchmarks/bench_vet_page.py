"""How long a person waits for the page of ``vet``: first paint, filters, the next galaxy.

The real command serves a run on many galaxies to Chromium; times are taken in the page, medians
over repeats. Images of all galaxies are links to one file. Needs playwright and Debian's chromium.

    python benchmarks/bench_vet_page.py [--galaxies N] [--repeats N]
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import vetting
from vet.many import many

TARGETS_MS = {"first paint": 1000, "filter": 300, "next galaxy": 150}
_MEGABYTE = 1e6

# Times in the page when tiles are there, and when the thumbnails that are seen are.
_WATCH = """
new MutationObserver(() => {
  if (!window.tilesAt && document.querySelector(".tile")) window.tilesAt = performance.now();
  const seen = [...document.querySelectorAll(".tile img")];
  if (!window.thumbsAt && seen.length && seen.every(one => one.classList.contains("there")))
    window.thumbsAt = performance.now();
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
# From an input event until other galaxies are in the page.
_FILTER = """([selector, value]) => new Promise(done => {
  const control = document.querySelector(selector), tiles = document.getElementById("tiles");
  const begin = performance.now();
  const watch = new MutationObserver(() => {
    if (!tiles.firstElementChild) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - begin));
  });
  watch.observe(tiles, {childList: true});
  if (control.type === "checkbox") control.checked = !control.checked; else control.value = value;
  control.dispatchEvent(new Event("input", {bubbles: true}));
})"""
# From a key until another galaxy is drawn.
_KEY = """key => new Promise(done => {
  const canvas = document.getElementById("canvas"), before = canvas.dataset.shown;
  const begin = performance.now();
  const watch = new MutationObserver(() => {
    if (canvas.dataset.shown === before) return;
    watch.disconnect();
    done(performance.now() - begin);
  });
  watch.observe(canvas, {attributes: true});
  canvas.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
})"""


def first_paint(browser: Browser, address: str) -> dict[str, float]:
    """Times of one fresh visit, ms."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(address)
    page.wait_for_function("() => window.thumbsAt")
    paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    found = page.evaluate(f"() => [{paint}, window.tilesAt, window.thumbsAt]")
    context.close()
    return dict(zip(("first paint", "galaxies are there", "all thumbnails"), found, strict=True))


def filters(page: Page) -> dict[str, float]:
    """Times of one change of each kind, ms."""
    changes = {
        "filter by class": ("input[name=label]", ""),
        "filter by status": ("input[name=status]", ""),
        "filter by score (typed)": ("input[name='score.lo']", "0.9"),
        "sort": ("select[name=sort]", "redshift"),
    }
    found = {}
    for name, change in changes.items():
        found[name] = page.evaluate(_FILTER, list(change))
        page.wait_for_timeout(300)
    found["clear filters"] = page.evaluate(_FILTER, ["input[name='score.lo']", ""])
    page.evaluate("() => document.querySelector('#filter-form button').click()")
    page.wait_for_timeout(500)
    return found


def steps(page: Page) -> dict[str, float]:
    """Times to the next galaxy, ms: by the last decision on one, and by its key."""
    page.wait_for_timeout(400)  # a person looks at it
    for _ in range(2):
        page.keyboard.press("a")
    found = {"next galaxy, after the last decision": page.evaluate(_KEY, "a")}
    page.wait_for_timeout(400)
    found["next galaxy, by its key"] = page.evaluate(_KEY, "ArrowRight")
    found["one more, at once"] = page.evaluate(_KEY, "ArrowRight")
    return found


def memory_mb(pid: int) -> float:
    """The most that a process has had, MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    most = next(line for line in lines if line.startswith("VmHWM"))
    return int(most.split()[1]) * 1024 / _MEGABYTE


def main() -> None:
    """Print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    times: dict[str, list[float]] = {}

    def note(found: dict[str, float]) -> None:
        for name, value in found.items():
            times.setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        run = many(Path(folder), given.galaxies)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        with vetting.server(run) as (process, address):
            for _ in range(given.repeats):
                note(first_paint(browser, address))
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(address)
            page.wait_for_selector(".tile")
            for _ in range(given.repeats):
                note(filters(page))
            page.locator(".tile a").first.click()
            page.wait_for_selector("#canvas[data-shown]")
            for _ in range(given.repeats):
                note(steps(page))
            used = memory_mb(process.pid)
        browser.close()
    print(f"{given.galaxies} galaxies, medians of {given.repeats}, largest in brackets:")
    for name, values in times.items():
        print(f"  {name}: {statistics.median(values):.0f} ms ({max(values):.0f} ms)")
    print(f"  server: at most {used:.0f} MB; targets: {TARGETS_MS} ms, 500 MB")


if __name__ == "__main__":
    main()
