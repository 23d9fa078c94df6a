"""What the name of a file, or a header's card, says: which galaxy, band and plane."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from clumpscope.config.survey import Names, Planes, SurveyProfile, load_survey, plain
from clumpscope.ops.ids import mended

# Names of planes that many people use; those of a profile come before them.
PLANES = Planes(
    image=("image", "img", "sci", "science"),
    variance=("var", "variance", "varmap"),
    inverse_variance=("ivar", "invvar", "ivm", "inverse_variance", "inv_var"),
    error=("err", "error", "rms", "sigma", "noise", "unc", "uncertainty", "std"),
    weight=("wt", "wht", "wgt", "weight", "weights", "wmap"),
    mask=("mask", "msk", "mk", "flag", "flags", "dq", "maskbits", "bpm", "badpix"),
    psf=("psf",),
    other=("exp", "expmap", "nexp", "seg", "segm", "segmap", "model", "resid", "residual", "bkg"),
)

_SUFFIXES = re.compile(r"(\.(fits?|fts|fz|gz|bz2|psf))+$", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s_()\[\],;:&=.-]+")
_GENERIC = frozenset(
    {"stack", "coadd", "cutout", "cutouts", "drz", "drc", "drw", "i2d", "calexp", "stk"}
    | {"unconv", "deepcoadd"}
)
_VEGA = frozenset({"bessel", "bessell", "johnson", "cousins", "kron", "harris", "vega"})
_CAMERAS = (
    *("sdss", "hsc", "des", "decam", "decals", "legacy", "ls", "ps1", "panstarrs", "lsst"),
    *("cfis", "cfht", "cfhtls", "megacam", "skymapper", "kids", "vst"),
)
_WFC3 = ("F275W", "F336W", "F438W", "F105W", "F110W", "F125W", "F140W", "F160W")


@dataclass(frozen=True)
class Named:
    """What a name says.

    Attributes
    ----------
    id
        Of the galaxy or field, safe as a file's name; empty if the name has none.
    band
        The band, as the profile calls it; ``None`` if it is not said.
    plane
        A field of `Planes`; ``None`` if it is not said.
    """

    id: str
    band: str | None
    plane: str | None


@cache
def common_bands() -> Mapping[str, Names]:
    """Bands and their names where no survey is told: u g r i z y, and filters in space."""
    letters = {
        letter: (letter, *(f"{camera}_{letter}" for camera in _CAMERAS), f"{letter}_megacam")
        for letter in "ugrizy"
    }
    euclid = {"VIS": ("VIS",)} | {f"{x}E": (f"NIR-{x}", f"NISP-{x}", f"{x}E") for x in "YJH"}
    space = (*load_survey("hst-acs").bands, *_WFC3)
    return letters | euclid | dict.fromkeys(space, ()) | load_survey("jwst-nircam").bands


def matched(name: str, patterns: Names, profile: SurveyProfile) -> Named | None:
    """Read a file's name by the first pattern that it fits.

    Parameters
    ----------
    name
        Without its folder.
    patterns
        With ``{id}``, ``{band}``, ``{plane}`` and ``*``; see `SurveyProfile.files`.
    profile
        It says what bands and planes are called. Without planes of its own, the usual names hold.

    Returns
    -------
    ``None`` if the name fits no pattern.
    """
    bands = _sayings(profile.bands, keys=True)
    kinds = _sayings(_of(PLANES)) | _sayings(_of(profile.planes))
    for pattern in patterns:
        found = re.fullmatch(_regex(pattern, bands, kinds), _stem(name), re.IGNORECASE)
        if found:
            said = found.groupdict()
            return Named(
                mended(said.get("id") or ""),
                bands.get(_words(said.get("band") or "")),
                kinds.get(_words(said.get("plane") or "")),
            )
    return None


def taken_apart(name: str, bands: Mapping[str, Names], planes: Planes = PLANES) -> Named:
    """Read a file's name that follows no pattern: find band and plane, the rest is the id.

    Parameters
    ----------
    name
        Without its folder. Words part at ``_ - .`` and blanks, which stay in the id between words
        that were side by side: ``ra150.24_dec-2.06`` is whole.
    bands
        Bands and what they are called; see `common_bands`.
    planes
        What planes are called; the usual names are known too.

    Returns
    -------
    Words such as ``stack`` and ``cutout`` are in no id. Of two bands the one of the longer name is
    taken, then the last.
    """
    pieces = _pieces(_stem(name))
    words = [word.lower() for _, word in pieces]
    spans = _spans(words, _sayings(bands, keys=True))
    spans = [one for one in spans if words[one.behind : one.behind + 1] != ["zw"]]  # I Zw 18
    band = max(
        spans,
        key=lambda one: (len("".join(words[one.first : one.behind])) > 1, one.first),
        default=None,
    )
    kinds = _spans(words, _sayings(_of(PLANES)) | _sayings(_of(planes)))
    plane = max(kinds, key=lambda one: (one.what != "image", one.first), default=None)
    images = [one for one in kinds if one.what == "image"]
    taken = {
        place for one in (band, plane, *images) if one for place in range(one.first, one.behind)
    }
    taken |= {place for place, word in enumerate(words) if word in _GENERIC}
    model = "psf" if name.lower().endswith(".psf") else None
    return Named(
        mended(_joined(pieces, taken)),
        band.what if band else None,
        plane.what if plane else model,
    )


def band_of(value: str, bands: Mapping[str, Names]) -> str | None:
    """The band that a header's value names, such as ``'CLEAR1L; F814W'`` or ``'r.MP9602'``.

    ``None`` if it names none, two, or a filter of the Vega system.
    """
    words = _words(value)
    if _VEGA & set(words):
        return None
    sayings = _sayings(bands, keys=True)
    if words in sayings:
        return sayings[words]
    found = {one.what for one in _spans(words, sayings)}
    return found.pop() if len(found) == 1 else None


def _stem(name: str) -> str:
    return _SUFFIXES.sub("", name)


def _of(planes: Planes) -> dict[str, Names]:
    return {kind: getattr(planes, kind) for kind in Planes.model_fields}


@lru_cache(4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in plain(text).split("-") if word)


def _sayings(names: Mapping[str, Iterable[str]], keys: bool = False) -> dict[tuple[str, ...], str]:
    """The words of each name → what it names."""
    said = {_words(one): what for what, some in names.items() for one in some}
    return {_words(what): what for what in names} | said if keys else said


def _pieces(stem: str) -> list[tuple[str, str]]:
    """Words, each with what parts it from the one before."""
    pieces, start, before = [], 0, ""
    for gap in [*_BETWEEN.finditer(stem), None]:
        word = stem[start : gap.start() if gap else len(stem)]
        if word:
            pieces.append((before, word))
        before = gap.group() if gap else ""
        start = gap.end() if gap else len(stem)
    return pieces


class _Span(NamedTuple):
    """Where a name stands among words: the first of them and the one behind it."""

    first: int
    behind: int
    what: str


def _spans(words: Sequence[str], sayings: Mapping[tuple[str, ...], str]) -> list[_Span]:
    """All names among words, the longest from the left."""
    longest = max(map(len, sayings), default=0)
    spans, place = [], 0
    while place < len(words):
        ends = range(min(place + longest, len(words)), place, -1)
        end = next((end for end in ends if tuple(words[place:end]) in sayings), None)
        if end:
            spans.append(_Span(place, end, sayings[tuple(words[place:end])]))
        place = end or place + 1
    return spans


def _joined(pieces: Sequence[tuple[str, str]], taken: set[int]) -> str:
    kept = [piece for place, piece in enumerate(pieces) if place not in taken]
    return "".join(f"{before if place else ''}{word}" for place, (before, word) in enumerate(kept))


def _regex(pattern: str, bands: Iterable[tuple[str, ...]], kinds: Iterable[tuple[str, ...]]) -> str:
    parts = {"*": ".*?", "{id}": ".+?", "{band}": _any_of(bands), "{plane}": _any_of(kinds)}
    regex, seen = "", set()
    for part in re.split(r"(\{id\}|\{band\}|\{plane\}|\*)", pattern):
        group = part.strip("{}")
        if part in seen:
            regex += f"(?P={group})"
        elif part in parts:
            regex += parts[part] if part == "*" else f"(?P<{group}>{parts[part]})"
            seen |= {part} - {"*"}
        else:
            regex += re.escape(part)
    return regex


def _any_of(names: Iterable[tuple[str, ...]]) -> str:
    """A regular expression of any of some names, the longest first."""
    longest = sorted(names, key=lambda words: -len("".join(words)))
    return "|".join(r"[\s_.-]".join(map(re.escape, words)) for words in longest)
