"""Masks of any survey, by the dictionary of their own pipeline."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clumpscope.core.cards import is_number
from clumpscope.core.galaxy import MaskBit
from clumpscope.errors import ImageError, expected_got
from clumpscope.stages.ingest.mask_bits import KNOWN

_PREFIX = "MP_"
_BITS = 64
_MOST_EXACT = 2**53  # whole numbers that a double holds


def header_planes(header: Mapping[str, Any], where: object) -> dict[str, int]:
    """Planes that a mask's own header names: the ``MP_*`` cards of Rubin and HSC, name → bit.

    Raises
    ------
    ImageError
        If a card is no bit of 0 to 63.
    """
    planes = {}
    for key in header:
        if key.upper().startswith(_PREFIX):
            planes[key[len(_PREFIX) :].upper()] = _bit(header[key], f"{where} {key}")
    return planes


def mask_of(
    plane: NDArray[np.generic],
    planes: Mapping[str, int],
    meanings: Mapping[str, MaskBit | None],
    where: object,
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Bring a mask to the bits of `MaskBit`.

    A bit that is set and has no name, or a name without a meaning, is told and is no defect: a
    detection must not blank a clump's light. Without any dictionary every pixel that is not 0 is
    ``NO_DATA``, and that is told.

    Parameters
    ----------
    plane
        (ny, nx) of whole numbers, of any width and sign, or logical values.
    planes
        Name → bit, counted from 0. Names in capitals.
    meanings
        Name → what is wrong with such a pixel, ``None`` for nothing; before those of `KNOWN`.
    where
        Whose it is, for messages.

    Returns
    -------
    tuple
        (ny, nx) uint8 of `MaskBit`, and what the user should know of it.

    Raises
    ------
    ImageError
        If it holds no whole numbers, or a bit is none.
    """
    values = _whole(plane, where)
    mask = np.zeros(values.shape, dtype=np.uint8)
    if not planes:
        flagged = values != 0
        mask[flagged] = MaskBit.NO_DATA
        count = int(flagged.sum())
        note = f"nobody says what the mask's bits mean: {count:,} pixels that are not 0 are no data"
        return mask, (note,) if count else ()
    named: dict[int, list[str]] = {}
    for name, bit in planes.items():
        named.setdefault(_bit(bit, f"{where} mask plane {name}"), []).append(name)
    known = {**KNOWN, **{name.upper(): meaning for name, meaning in meanings.items()}}
    used = int(np.bitwise_or.reduce(values, axis=None)) if values.size else 0
    notes = []
    for bit in range(used.bit_length()):
        if not used >> bit & 1:
            continue
        hit = (values & np.uint64(1 << bit)) != 0
        names = named.get(bit, [])
        for name in names:
            meaning = known.get(name.upper())
            if meaning is not None:
                mask[hit] |= np.uint8(meaning)
        unknown = [name for name in names if name.upper() not in known]
        if unknown or not names:
            what = " ".join(unknown) if unknown else "no name"
            notes.append(f"mask bit {bit} ({what}): of no known meaning, no defect")
            notes[-1] += f"; set in {int(hit.sum()):,} pixels"
    return mask, tuple(notes)


def _bit(value: object, what: str) -> int:
    if not (is_number(value) and value == int(value) and 0 <= value < _BITS):
        raise ImageError(expected_got(what, f"a bit of 0 to {_BITS - 1}", repr(value)))
    return int(value)


def _whole(plane: NDArray[np.generic], where: object) -> NDArray[np.uint64]:
    """A mask as unsigned numbers; the sign of a signed one is its highest bit."""
    values = np.asarray(plane)
    what = f"{where} mask"
    if values.dtype.kind == "f":
        exact = np.isfinite(values) & (values == np.rint(values)) & (np.abs(values) <= _MOST_EXACT)
        if not exact.all():
            got = f"{int((~exact).sum()):,} others, such as {values[~exact].flat[0]:g}"
            raise ImageError(expected_got(what, "whole numbers", got))
        if (values < 0).any():
            raise ImageError(expected_got(what, "bits", f"{values.min():g}"))
        return values.astype(np.uint64)
    if values.dtype.kind == "i":
        native = values.astype(values.dtype.newbyteorder("="))
        return native.view(f"u{native.dtype.itemsize}").astype(np.uint64)
    if values.dtype.kind not in "bu":
        raise ImageError(expected_got(what, "whole numbers", values.dtype))
    return values.astype(np.uint64)
