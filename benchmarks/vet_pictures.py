"""Pictures of `clumpscope vet` on a run, as docs/vet_tutorial.md shows them.

    python benchmarks/vet_pictures.py RUN OUT [GALAXY]

Opens the run by the real command and takes pictures in Chromium, of a window that is wide and light
or narrow and dark.
"""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

_ALL_THERE = """() => {
  const tiles = [...document.querySelectorAll('.tile img')];
  return tiles.length > 3 && tiles.every((one) => one.classList.contains('there'));
}"""
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def pictures(page: Page, address: str, out: Path, name: str, galaxy: str | None) -> None:
    """Of the gallery and of one galaxy: the one asked for, else the first."""
    page.goto(address)
    page.wait_for_function(_ALL_THERE)
    page.screenshot(path=out / f"vet-gallery-{name}.jpg", quality=85)
    if galaxy is None:
        page.locator(".tile a").first.click()
    else:
        page.goto(f"{address.split('?', maxsplit=1)[0]}#/g/{galaxy}")
    page.wait_for_selector("#canvas[data-shown]")
    page.wait_for_timeout(1000)
    page.screenshot(path=out / f"vet-galaxy-{name}.jpg", quality=85)


def main() -> None:
    """Serve the run, take the pictures, end the server."""
    run, out = Path(sys.argv[1]), Path(sys.argv[2])
    galaxy = sys.argv[3] if len(sys.argv) > 3 else None
    out.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "clumpscope", "vet", str(run), "--no-browser", "--port", "0"]
    command = [*words, "--as", "ann", "--read-only"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        text = ""
        while server.stdout and not (found := re.search(r"http://\S+", text)):
            text += server.stdout.readline()
        with sync_playwright() as play:
            path = shutil.which("chromium")
            browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for name, window, scheme in (("wide", WIDE, "light"), ("narrow", NARROW, "dark")):
                page = browser.new_page(viewport=window, color_scheme=scheme)
                pictures(page, found[0], out, name, galaxy)
            browser.close()
        server.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
