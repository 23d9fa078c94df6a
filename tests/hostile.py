"""Strategies for broken and hostile files: a good one in, ever another bad one out."""

import io
import json
import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

TEXTS = st.one_of(
    st.sampled_from(
        [
            *("", " ", "\0", "\x1b[31mred", "\u202e", "\ud800", "é" * 300, "x" * 70_000, "=1+1"),
            *("../../pwned", "/var/pwned", "a/b", "a\\b", "..", ".hidden", "con", "NaN", "-inf"),
            *("1e400", "9" * 400, "0x10", "1,5", "T", "true", "None", "[" * 2000, "{" * 50),
            *("galaxy_id", "\ufeffgalaxy_id", "banana", "%s{0}", "\n", "\r\n", "\t"),
        ]
    ),
    st.text(max_size=12),
)
NUMBERS = st.one_of(
    st.sampled_from(
        [
            *(0, -1, 1, 2, 99, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, -0.0, 1e-300, 1e300),
            *(math.nan, math.inf, -math.inf, 0.1, 1.5, 359.99999999999, 90.0000001, -91, 1e30),
        ]
    ),
    st.integers(),
    st.floats(),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def damaged(draw: Draw, good: bytes) -> bytes:
    """Some bytes changed, taken out, doubled, put in, or the end cut off."""
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        length = draw(st.sampled_from([1, 2, 7, 80, 2880]))
        how = draw(st.sampled_from(["change", "cut", "take", "double", "put"]))
        if how == "cut":
            del content[at:]
        elif how == "take":
            del content[at : at + length]
        elif how == "double":
            content[at:at] = content[at : at + length]
        elif how == "put":
            content[at:at] = draw(st.binary(min_size=1, max_size=9))
        else:
            new = draw(st.binary(min_size=1, max_size=min(length, 9)))
            content[at : at + len(new)] = new
    return bytes(content)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Ways to every value inside a value."""
    found = [at]
    inner = value.items() if isinstance(value, dict) else ()
    for key, one in enumerate(value) if isinstance(value, list) else inner:
        found += _places(one, (*at, key))
    return found


def _changed(value: Any, at: tuple[Any, ...], draw: Draw) -> Any:
    """A copy with one value inside changed, taken away, renamed or joined by another."""
    if not at:
        return draw(VALUES)
    copy = dict(value) if isinstance(value, dict) else list(value)
    key, *rest = at
    how = "change" if rest else draw(st.sampled_from(["change", "change", "change", "take", "add"]))
    if how == "take":
        del copy[key]
    elif how == "add" and isinstance(copy, dict):
        copy[draw(TEXTS)] = draw(VALUES)
    elif how == "add":
        copy += [copy[key]] * draw(st.sampled_from([1, 3, 300]))
    else:
        copy[key] = _changed(copy[key], tuple(rest), draw)
    return copy


@st.composite
def other(draw: Draw, good: Any) -> Any:
    """A JSON-like value with a few values inside changed."""
    value = good
    for _ in range(draw(st.integers(1, 3))):
        value = _changed(value, draw(st.sampled_from(_places(value))), draw)
    return value


def as_json(value: Any) -> bytes:
    """JSON text, also of what has none."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


@st.composite
def other_json(draw: Draw, good: bytes) -> bytes:
    """A JSON file with some values changed, or nested too deep, or damaged."""
    how = draw(st.integers(0, 9))
    if how == 0:
        return draw(damaged(good))
    if how == 1:
        deep = draw(st.sampled_from([10, 990, 100_000]))
        return draw(st.sampled_from([b"[", b'{"a":'])) * deep
    return as_json(draw(other(json.loads(good))))


@st.composite
def other_csv(draw: Draw, good: bytes, separator: str = ",") -> bytes:
    """A text table with some cells changed, columns or rows gone or doubled, or damaged."""
    if draw(st.integers(0, 5)) == 0:
        return draw(damaged(good))
    rows = [line.split(separator) for line in good.decode().splitlines()]
    for _ in range(draw(st.integers(1, 4))):
        row = draw(st.integers(0, len(rows) - 1))
        column = draw(st.integers(0, max(len(rows[row]) - 1, 0)))
        how = draw(st.sampled_from(["cell", "cell", "cell", "row", "column", "twice", "short"]))
        if how == "cell" and rows[row]:
            rows[row][column] = draw(TEXTS | NUMBERS.map(str))
        elif how == "row" and len(rows) > 1:
            del rows[row]
        elif how == "column":
            rows = [line[:column] + line[column + 1 :] for line in rows]
        elif how == "twice":
            rows.append(list(rows[row]))
        else:
            rows[row] = rows[row][:column]
    text = "\n".join(separator.join(row) for row in rows)
    return text.encode("utf-8", "surrogatepass")


@st.composite
def other_toml(draw: Draw, good: bytes) -> bytes:
    """A recipe with some values changed, lines gone or doubled, or damaged."""
    if draw(st.integers(0, 5)) == 0:
        return draw(damaged(good))
    lines = good.decode().splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        key, is_value, _ = lines[at].partition("=")
        how = draw(st.sampled_from(["value", "value", "value", "take", "twice", "add", "deep"]))
        if how == "value" and is_value:
            lines[at] = f"{key}= {_toml(draw(VALUES))}"
        elif how == "take":
            lines[at] = ""
        elif how == "twice":
            lines.insert(at, lines[at])
        elif how == "deep":
            depth = draw(st.sampled_from([40, 3000, 50_000]))
            lines.append(
                draw(st.sampled_from(["a = " + "[" * depth, ".".join("a" * depth) + "=1"]))
            )
        else:
            lines.insert(at, f"{json.dumps(draw(TEXTS))} = {_toml(draw(VALUES))}")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inner = (f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return '""' if value is None else json.dumps(value)


_COLUMNS = st.sampled_from(
    [
        lambda n: pa.array([None] * n),
        lambda n: pa.array([[1.0]] * n),
        lambda n: pa.array([{"a": 1}] * n),
        lambda n: pa.array(["x"] * n),
        lambda n: pa.array([f"../{k}" for k in range(n)]),
        lambda n: pa.array(["a\0b"] * n),
        lambda n: pa.array([b"\xff"] * n),
        lambda n: pa.array([True] * n),
        lambda n: pa.array([math.nan] * n),
        lambda n: pa.array([math.inf] * n),
        lambda n: pa.array([1e300] * n),
        lambda n: pa.array([2**63 - 1] * n),
        lambda n: pa.array([-1] * n),
        lambda n: pa.array([2**64 - 1] * n, pa.uint64()),
        lambda n: pa.array([0] * n, pa.timestamp("us")),
        lambda n: pa.array(["a"] * n).dictionary_encode(),
        lambda n: pa.array([None, *[1.5] * (n - 1)][:n]),
        lambda n: pa.array(["0" * 400] * n),
    ]
)
_NOTES = st.sampled_from(
    [{b"unit": b"banana"}, {b"unit": b"\xff"}, {b"unit": b"deg"}, {b"clumpscope": b"{"}, {}]
)


@st.composite
def other_parquet(draw: Draw, good: bytes) -> bytes:
    """A table with some columns of other kinds, gone, doubled, or with odd notes; or damaged."""
    if draw(st.integers(0, 4)) == 0:
        return draw(damaged(good))
    table = pq.read_table(io.BytesIO(good))
    for _ in range(draw(st.integers(1, 3))):
        if not table.num_columns:
            break
        at = draw(st.integers(0, table.num_columns - 1))
        field = table.schema.field(at)
        how = draw(
            st.sampled_from(["kind", "kind", "take", "name", "note", "meta", "rows", "twice"])
        )
        if how == "kind":
            column = draw(_COLUMNS)(table.num_rows)
            new = pa.field(field.name, column.type, metadata=field.metadata)
            table = table.set_column(at, new, column)
        elif how == "take":
            table = table.remove_column(at)
        elif how == "name":
            names = list(table.column_names)
            names[at] = draw(st.sampled_from([*names, "", "\x1b[31m", "x" * 5000]))
            table = table.rename_columns(names)
        elif how == "note":
            new = field.with_metadata(draw(_NOTES))
            table = table.set_column(at, new, table.column(at))
        elif how == "meta":
            table = table.replace_schema_metadata(draw(_NOTES))
        elif how == "rows":
            table = table.slice(0, draw(st.integers(0, 2)))
        else:
            table = pa.concat_tables([table, table])
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


_CARDS = st.sampled_from(
    [
        *("T", "F", "'abc'", "''", "1E400", "-1", "0", "1", "3", "99999999", "2147483648", "NaN"),
        *("3000.0", "1E-9", "1E9", "-90.5", "95.0", "360.0", "'arcsec'", "'FREQ'", "'GLON-CAR'"),
        *("'RA---TAN'", "'DEC--TAN'", "(1.0, 2.0)", "'x", "16", "-32", "-64", "8", "'FK4'", "   "),
    ]
)
_KEYS = (
    *("NAXIS", "NAXIS1", "NAXIS2", "BITPIX", "PCOUNT", "GCOUNT", "BSCALE", "BZERO", "BLANK"),
    *("WCSAXES", "CTYPE1", "CTYPE2", "CTYPE3", "CUNIT1", "CRVAL1", "CRVAL2", "CRPIX1", "CD1_1"),
    *("CD2_2", "CDELT1", "PC1_1", "RADESYS", "EQUINOX", "PSFFWHM", "PSFASSUM", "NMGYPDN", "GAIN"),
    *("SKYDN", "DARKVAR", "RA", "DEC", "EXTNAME", "XTENSION", "SIMPLE", "BUNIT", "END"),
)


@st.composite
def other_fits(draw: Draw, good: bytes) -> bytes:
    """A FITS file with some cards changed or put in, or damaged."""
    if draw(st.integers(0, 4)) == 0:
        return draw(damaged(good))
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        key, value = draw(st.sampled_from(_KEYS)), draw(_CARDS)
        card = f"{key:8}= {value:>20}".ljust(80)[:80].encode()
        there = [
            k for k in range(0, len(content), 80) if content[k : k + 8].strip() == key.encode()
        ]
        if there and draw(st.booleans()):
            at = draw(st.sampled_from(there))
        else:
            at = 80 * draw(st.integers(0, len(content) // 80 - 1))
        content[at : at + 80] = card
    return bytes(content)
