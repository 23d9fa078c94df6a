"""A catalogue in the formats that astronomers' tools read, and back."""

import io
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Column, MaskedColumn, QTable, Table
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray
from regions import CircleSkyRegion, RegionMeta, Regions, RegionVisual

from clumpscope.core.bands import as_text, bands_of
from clumpscope.core.boxes import DS9_COLOURS
from clumpscope.core.clumps import SCHEMA_VERSION
from clumpscope.core.galaxy import check_galaxy_ids
from clumpscope.core.schema import plain
from clumpscope.errors import TableError, expected_got
from clumpscope.files.regular import regular
from clumpscope.ops.seeing import of_reference
from clumpscope.store.atomic import atomic
from clumpscope.store.fits_tables import write_fits
from clumpscope.store.foreign import check_foreign
from clumpscope.store.parts import Parts
from clumpscope.store.tables import read_parquet

Pieces = tuple[str, str, str]  # what stands above the rows, they, and what stands below


def write_votable(table: QTable | Parts, path: Path) -> None:
    """Write a table as VOTable with units, UCDs and descriptions."""

    def pieces(part: QTable) -> Pieces:
        # As text: STIL cannot read booleans in the binary form that astropy writes.
        raw = io.BytesIO()
        _bare(part).write(raw, format="votable", tabledata_format="tabledata")
        text = raw.getvalue().decode()
        above, begin, rest = text.partition("<TABLEDATA>\n")
        rows, end, below = rest.rpartition("    </TABLEDATA>")
        return above + begin, rows, end + below

    _write_pieces(table, path, pieces)


def write_ecsv(table: QTable | Parts, path: Path) -> None:
    """Write a table as ECSV: text that keeps every bit, units, UCDs and descriptions."""

    def pieces(part: QTable) -> Pieces:
        above, text = _ecsv(part[:0]), _ecsv(part)
        return above, text.removeprefix(above), ""

    _write_pieces(table, path, pieces)


def _write_pieces(table: QTable | Parts, path: Path, pieces: Callable[[QTable], Pieces]) -> None:
    """Write text whose rows come in parts, and what stands about them once."""
    above = below = ""
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        for part in Parts.of(table):
            first, rows, last = pieces(part)
            stream.write(rows if above else first + rows)
            above, below = above or first, last or below
        stream.write(below)


def _ecsv(table: QTable) -> str:
    text = io.StringIO()
    _bare(table).write(text, format="ascii.ecsv")
    return text.getvalue()


def _bare(table: QTable) -> Table:
    """The table with plain columns that know their units: what every tool understands."""
    bare = Table(meta=table.meta)
    for name in table.colnames:
        info = table[name].info
        bare[name] = Column(
            plain(table, name), unit=info.unit, description=info.description, meta=info.meta
        )
    return bare


def regions(table: QTable) -> Regions:
    """Circles of the reference band's apertures, cyan for clumps and orange for odd ones.

    Clumps without a sky position or a radius are left out.

    Parameters
    ----------
    table
        Clump table of level "photometry" or above.
    """
    ra, dec = plain(table, "clump_centre_ra"), plain(table, "clump_centre_dec")
    radius = of_reference(table, "aperture_radius")
    ids, numbers = plain(table, "galaxy_id"), plain(table, "clump_id")
    labels = plain(table, "clump_label_id")
    return Regions(
        [
            CircleSkyRegion(
                SkyCoord(ra[k], dec[k], unit="deg"),
                radius[k] * u.arcsec,
                meta=RegionMeta({"text": f"{ids[k]} {numbers[k]}"}),
                visual=RegionVisual({"color": DS9_COLOURS.get(int(labels[k]), "white")}),
            )
            for k in _known(table)
        ]
    )


def _known(table: QTable) -> NDArray[np.intp]:
    """Rows of which a circle can be drawn."""
    names = ("clump_centre_ra", "clump_centre_dec")
    columns = [*(plain(table, name) for name in names), of_reference(table, "aperture_radius")]
    return np.flatnonzero(np.isfinite(columns).all(axis=0))


def write_regions(table: QTable | Parts, path: Path) -> None:
    """Write the circles of `regions` for DS9."""
    parts = Parts.of(table)
    examples = _unlike(parts)

    def pieces(part: QTable) -> Pieces:
        # What all regions of a text share stands above them: with the examples, what all do.
        text = Regions([*examples, *regions(part)]).serialize(format="ds9", precision=8)
        above, frame, rows = text.partition("icrs\n")
        lines = rows.splitlines(keepends=True)
        return above + frame, "".join(lines[len(examples) :]), ""

    _write_pieces(parts, path, pieces)


def _unlike(parts: Parts) -> list[CircleSkyRegion]:
    """The first region and the next, of another colour if there is one; fewer of fewer."""
    found: list[CircleSkyRegion] = []
    for part in parts:
        known = _known(part)
        first = np.unique(plain(part, "clump_label_id")[known], return_index=True)[1]
        found += regions(part[known[np.union1d(first, np.arange(len(known))[:2])]])
        others = [one for one in found if one.visual != found[0].visual]
        found = found[:1] + (others or found[1:])[:1]
    return found


WRITERS: dict[str, tuple[str, Callable[[QTable | Parts, Path], None]]] = {
    "fits": (".fits", write_fits),
    "votable": (".vot", write_votable),
    "ecsv": (".ecsv", write_ecsv),
    "regions": (".reg", write_regions),
}
MOST_ROWS = 200_000  # of the formats that are text
_OF_ANY_SIZE = ("fits",)


def write_formats(table: QTable | Parts, folder: Path, stem: str, formats: Iterable[str]) -> None:
    """Write ``stem`` with the suffix of each format; see `WRITERS`.

    Text of more than `MOST_ROWS` rows, of gigabytes, is not written, nor left from before.
    """
    parts = Parts.of(table)
    for name in formats:
        suffix, write = WRITERS[name]
        path = folder / f"{stem}{suffix}"
        if parts.rows <= MOST_ROWS or name in _OF_ANY_SIZE:
            write(parts, path)
        else:
            path.unlink(missing_ok=True)


def read_catalogue(path: Path) -> QTable:
    """Read a catalogue from Parquet, FITS, VOTable or ECSV with units, UCDs and descriptions.

    Raises
    ------
    TableError
        If the file cannot be read or its suffix is another.
    StoreError
        If a Parquet file is missing, damaged or of a newer schema.
    """
    readers: dict[str, Callable[[Path], QTable]] = {
        ".parquet": read_parquet,
        ".fits": _read_fits,
        ".vot": lambda file: _full(Table.read(file, format="votable")),
        ".ecsv": lambda file: _full(Table.read(file, format="ascii.ecsv")),
    }
    if path.suffix not in readers:
        raise TableError(expected_got(path, f"a suffix of {', '.join(readers)}", path.suffix))
    try:
        regular(path, TableError)
    except OSError as error:
        raise TableError(f"{path}: no such file") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", fits.verify.VerifyWarning)  # of truncated files
            check_foreign(path)
            table = readers[path.suffix](path)
    except (OSError, ValueError, TypeError, LookupError, AstropyUserWarning) as error:
        raise TableError(f"{path}: not a readable {path.suffix[1:]} table: {error}") from error
    if "galaxy_id" in table.colnames:
        check_galaxy_ids(map(str, table["galaxy_id"]), path)
    return table


def _read_fits(path: Path) -> QTable:
    with path.open("rb") as stream:  # astropy leaves a broken file open
        return _full(Table.read(stream, format="fits", character_as_bytes=False))


def _metadata(table: Table) -> dict[str, object]:
    """Level, bands and schema version, under whatever name a format keeps them."""
    meta = {str(key).lower(): value for key, value in table.meta.items()}
    bands = as_text(bands_of(table.colnames, "aperture_radius"))
    return {
        "level": meta.get("level", "release"),
        "bands": meta.get("bands", bands),
        "schema_version": meta.get("schema_version", meta.get("schema", SCHEMA_VERSION)),
    }


def _full(table: Table) -> QTable:
    """Blank instead of masked values, quantities instead of columns with units."""
    full = QTable(meta=_metadata(table))
    for name in table.colnames:
        column = table[name]
        if isinstance(column, MaskedColumn):
            kind = np.dtype(column.dtype).kind
            column = column.filled({"f": np.nan, "U": "", "S": b"", "O": ""}.get(kind, 0))
        values = np.asarray(column)
        values = values.astype(str) if values.dtype.kind in "SO" else values
        full[name] = u.Quantity(values, column.unit) if column.unit else Column(values)
        info = full[name].info
        # VOTable wraps long lines.
        info.description = " ".join((column.description or "").split()) or None
        info.meta = {"ucd": column.meta["ucd"]} if column.meta.get("ucd") else {}
    return full


__all__ = ["WRITERS", "read_catalogue", "regions", "write_formats"]
