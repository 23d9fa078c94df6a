"""What readers get: the instruction, and a page for a browser that needs no network."""

from collections.abc import Sequence
from html import escape
from textwrap import fill

from clumpscope.stages.by_eye.answers import COLUMNS, KINDS

MEANINGS = {
    "clump": "a compact blue knot of young stars in the galaxy's disk or arms",
    "star": "a star of our own galaxy: as sharp as the picture allows, often red or white, or with "
    "spikes, its light not part of the galaxy's structure",
    "arm": "a piece of a spiral arm, ring, bar or tail: long or smooth, no knot of its own at the "
    "place",
    "companion": "another galaxy beside, behind or in front of this one, or the middle of one that "
    "is merging with it",
    "nucleus": "the middle of the galaxy, its bulge",
    "nothing": "smooth disk, sky, noise or a flaw of the picture",
    "unsure": "you cannot tell; use it rather than guess, but not for whatever is merely faint",
}

_LISTED = "\n".join(
    fill(f"{kind:<10}{meaning}", 96, initial_indent="  ", subsequent_indent=12 * " ")
    for kind, meaning in MEANINGS.items()
)

INSTRUCTION = f"""\
Each number is a place in a picture of a galaxy. Say what is at that place, and nothing else.

In a row there are four views, left to right: the whole galaxy, which is the one in the middle, with
a square around the place; the square enlarged, with four thin ticks that point to the place, which
is in the middle between them; the same unmarked; the same unmarked, its own light stretched from
black to white, which shows knots on a bright disk, and noise on the sky. Look at the whole galaxy
first. Grey is off the picture. Where a scale is assumed, sizes in arcsec may be wrong.

A clump is a compact blue knot in the galaxy's disk or arms: about as small as the sharpest things
in the picture or up to three times as wide, brighter than the light right around it, bluer than
the galaxy's middle. It is not the nucleus, not a star, not a smooth piece of an arm, and not a
companion. It must lie between the ticks. A knot that lies beside them is not this place: then say
what is between them. In a blurred picture a clump is a blurred knot. A blue knot in a galaxy that
touches this one or merges with it counts as a clump, too.

Kinds:
{_LISTED}

Confidence, if you like: 1 a guess, 2 likely, 3 certain.

Answer every number, each on its own: places were drawn by chance and shuffled, some show nothing at
all, and how many are clumps is not known. Do not look the galaxies up, and do not talk about them
with another reader before both have finished.
"""

README = (
    INSTRUCTION
    + f"""
How: open judge.html in a browser, give your name, answer by mouse or keys, save the answers. Or
look at the pictures page_*.png, in their order, and fill in a copy of answers.csv. Its columns are
{", ".join(COLUMNS)}; kind is one of {", ".join(KINDS)};
leave number and set as they are. Give the file a name of your own, such as anna.csv.
"""
)


def html_page(pictures: Sequence[str], mark: str) -> str:
    """The page: pictures are JPEGs in base64, one a number from 1; answers will name ``mark``."""
    cards = "\n".join(_card(number, picture) for number, picture in enumerate(pictures, start=1))
    text = _PAGE.replace("@KINDS@", ", ".join(f'"{kind}"' for kind in KINDS))
    text = text.replace("@MARK@", escape(mark)).replace("@HEAD@", escape(INSTRUCTION))
    return text.replace("@CARDS@", cards)


def _card(number: int, picture: str) -> str:
    kinds = "".join(
        f'<label title="{escape(MEANINGS[kind])}"><input type="radio" name="kind{number}" '
        f'value="{kind}">{key} {kind}</label>'
        for key, kind in enumerate(KINDS, start=1)
    )
    sure = "".join(
        f'<label><input type="radio" name="confidence{number}" value="{value}">{word}</label>'
        for value, word in ((1, "a guess"), (2, "likely"), (3, "certain"))
    )
    return (
        f'<section id="n{number}"><img alt="place {number}" src="data:image/jpeg;base64,{picture}">'
        f"<p><b>{number}</b>{kinds}<span>{sure}</span></p></section>"
    )


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:;
  style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>What is at these places?</title>
<style>
body { background: #111; color: #ddd; font: 15px/1.4 sans-serif; }
body { margin: 0 auto; max-width: 1280px; }
pre { white-space: pre-wrap; font: 14px/1.4 monospace; padding: 0 1em; }
section { border: 2px solid transparent; margin: 1em 0; padding: 4px; }
section.here { border-color: #888; }
section.done b { color: #7c7; }
img { max-width: 100%; }
p { margin: 4px 0; }
b { display: inline-block; font-size: 1.3em; min-width: 2.2em; }
label { margin-right: 1em; white-space: nowrap; }
span { border-left: 1px solid #666; padding-left: 1em; }
header { background: #222; padding: 6px 1em; position: sticky; top: 0; }
button, input { font: inherit; }
</style>
</head>
<body>
<pre>@HEAD@
Keys: 1 to 7 give the kind and go on; arrows or j and k go to the next or the last one; g, l and c
say a guess, likely and certain of the one with the frame. Answers stay in this browser: who
judges after you begins with "new reader".</pre>
<header>Reader: <input id="reader" size="12" maxlength="40"> <button id="save">save answers</button>
<button id="next">next without an answer</button>
<button id="new">new reader</button> <output id="told"></output></header>
<main>
@CARDS@
</main>
<script>
"use strict";
const KINDS = [@KINDS@], MARK = "@MARK@", STORE = "by-eye-" + MARK;
const cards = [...document.querySelectorAll("section")], count = cards.length;
const reader = document.getElementById("reader"), told = document.getElementById("told");
let here = 0, said = {};
try { said = JSON.parse(localStorage.getItem(STORE)) || {}; } catch (error) { said = {}; }
function tick(name, value) {
  const box = document.querySelector(`input[name="${name}"][value="${value}"]`);
  if (box) box.checked = true;
}
function keep() {
  try { localStorage.setItem(STORE, JSON.stringify(said)); } catch (error) { /* private window */ }
  const done = cards.filter((card, k) => said["kind" + (k + 1)]);
  cards.forEach(card => card.classList.toggle("done", done.includes(card)));
  told.textContent = `${done.length} of ${count} answered`;
}
function go(k) {
  cards[here].classList.remove("here");
  here = Math.max(0, Math.min(count - 1, k));
  cards[here].classList.add("here");
  cards[here].scrollIntoView({block: "center"});
}
function say(name, value) { said[name] = value; tick(name, value); keep(); }
for (const [name, value] of Object.entries(said)) tick(name, value);
reader.value = said.reader || "";
reader.addEventListener("input", () => { said.reader = reader.value; keep(); });
document.querySelector("main").addEventListener("change", event => {
  say(event.target.name, event.target.value);
  event.target.blur();
});
document.querySelector("main").addEventListener("click", event => {
  const card = event.target.closest("section");
  if (!card) return;
  cards[here].classList.remove("here");
  here = cards.indexOf(card);
  card.classList.add("here");
});
document.addEventListener("keydown", event => {
  if (event.target === reader || event.ctrlKey || event.altKey || event.metaKey) return;
  const kind = KINDS[Number(event.key) - 1], sure = {g: 1, l: 2, c: 3}[event.key];
  if (kind) { say("kind" + (here + 1), kind); go(here + 1); }
  else if (sure) say("confidence" + (here + 1), String(sure));
  else if (["ArrowDown", "ArrowRight", "j"].includes(event.key)) go(here + 1);
  else if (["ArrowUp", "ArrowLeft", "k"].includes(event.key)) go(here - 1);
  else return;
  event.preventDefault();
});
document.getElementById("next").addEventListener("click", () => {
  const open = cards.findIndex((card, k) => !said["kind" + (k + 1)]);
  if (open >= 0) go(open);
});
document.getElementById("new").addEventListener("click", () => {
  if (!confirm("Forget all answers in this browser?")) return;
  try { localStorage.removeItem(STORE); } catch (error) { /* private window */ }
  location.reload();
});
document.getElementById("save").addEventListener("click", () => {
  const lines = ["number,kind,confidence,set"];
  for (let n = 1; n <= count; n++)
    lines.push([n, said["kind" + n] || "", said["confidence" + n] || "", MARK].join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\\n") + "\\n"], {type: "text/csv"}));
  link.download = (reader.value.replace(/[^A-Za-z0-9_-]/g, "") || "answers") + ".csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  const open = cards.filter((card, k) => !said["kind" + (k + 1)]).length;
  told.textContent = open ? `saved, but ${open} are not answered yet` : "saved, all answered";
});
keep();
</script>
</body>
</html>
"""
