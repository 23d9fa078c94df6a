"""What SDSS's catalogue knows of targets, asked in batches and written down as it comes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from clumpscope.config.services import ServicesConfig
from clumpscope.core.records import HOSTS, record_table
from clumpscope.core.schema import plain
from clumpscope.engine.local import shards
from clumpscope.errors import FrameError, TableError, expected_got
from clumpscope.net.client import FAULTS, Client
from clumpscope.net.faults import TryAgainError, told
from clumpscope.stages.fetch.columns import GIVEN
from clumpscope.stages.fetch.sdss.catalogued import known_of
from clumpscope.stages.fetch.sdss.mirror import FieldKey
from clumpscope.stages.fetch.sdss.query import number, positions_sql, read_rows, whole
from clumpscope.stages.fetch.sdss.remote import check_field
from clumpscope.stages.fetch.targets import Target, Targets
from clumpscope.store.journal import Journal


@dataclass(frozen=True)
class Catalogued:
    """Where a target is imaged, and what is known of it.

    Attributes
    ----------
    field
        The field, or why there is none.
    known
        Columns of the host table, empty if the nearest object is another.
    """

    field: FieldKey | str
    known: Mapping[str, float]


def catalogued(
    targets: Targets, client: Client, config: ServicesConfig, journal: Journal
) -> dict[str, Catalogued]:
    """What the catalogue knows of each target, by id; what stands in the journal is not asked.

    A batch that cannot be had tells of each of its targets why.
    """
    answers = {entry["galaxy_id"]: _read(entry) for entry in journal.read()}
    missing = [target for target in targets if target.galaxy_id not in answers]
    for batch in shards(missing, config.batch):
        try:
            sql = positions_sql([one.ra for one in batch], [one.dec for one in batch])
            params = (("cmd", sql), ("format", "csv"))
            check = partial(_check, count=len(batch))
            rows = read_rows(client.text(config.sdss_catalogue, params, check), len(batch))
        except (*FAULTS, TableError) as error:
            why = f"SDSS's catalogue at {config.sdss_catalogue}: {told(error)}"
            answers |= {one.galaxy_id: Catalogued(why, {}) for one in batch}
            continue
        for index, target in enumerate(batch):
            entry = _entry(target, rows[index], config)
            journal.add(entry)
            answers[target.galaxy_id] = _read(entry)
    return answers


def _check(text: str, count: int) -> None:
    try:
        read_rows(text, count)
    except TableError as error:
        raise TryAgainError(str(error)) from error


def _entry(target: Target, row: Mapping[str, str], config: ServicesConfig) -> dict[str, object]:
    entry: dict[str, object] = {"galaxy_id": target.galaxy_id, "known": {}}
    if not whole(row, "run"):
        nothing = "no object within 0.5′: not imaged"
        return entry | {"error": expected_got("target", "a position that SDSS imaged", nothing)}
    try:
        field = check_field(*(whole(row, name) for name in ("run", "camcol", "field")))
    except FrameError as error:
        return entry | {"error": str(error)}
    near = 60 * number(row, "apart_arcmin") <= config.match_arcsec
    return entry | {"field": list(field), "known": known_of(row) if near else {}}


def _read(entry: Mapping[str, object]) -> Catalogued:
    field, known = entry.get("field"), entry["known"]
    key = FieldKey(*field) if isinstance(field, list) else str(entry.get("error"))
    return Catalogued(key, dict(known) if isinstance(known, dict) else {})


def with_known(targets: Targets, known: Mapping[str, Mapping[str, float]]) -> Targets:
    """Targets with what a catalogue knows of them where their list says nothing."""
    columns = {spec.name: plain(targets.hosts, spec.name).copy() for spec in HOSTS}
    for row, target in enumerate(targets):
        for spec in GIVEN:
            value = known.get(target.galaxy_id, {}).get(spec.name)
            if value is not None and spec.name not in target.known:
                columns[spec.name][row] = value
    return replace(targets, hosts=record_table(HOSTS, columns))
