"""Maps and catalogues that clumpscope can use, brought on demand and known by their hash."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from clumpscope.errors import DownloadError, StoreError, expected_got
from clumpscope.net.bodies import check_fits
from clumpscope.net.client import FAULTS, Client
from clumpscope.net.faults import told
from clumpscope.store.atomic import atomic
from clumpscope.store.json_text import parse_json
from clumpscope.store.manifest import sha256_file

_MOST_MB = 400.0
_HASHES = "hashes.json"


@dataclass(frozen=True)
class Reference:
    """One file of a reference; without a known hash, that of the first download is kept."""

    file: str
    url: str
    sha256: str | None = None
    params: tuple[tuple[str, str], ...] = ()


_DUST = "https://sncosmo.github.io/data/dust"
_VIZIER = "https://vizier.cds.unistra.fr/viz-bin/asu-binfits"
REFERENCES: Mapping[str, tuple[Reference, ...]] = {
    # Schlegel, Finkbeiner & Davis (1998); hashes as the package DustExtinction.jl lists them.
    "dust": tuple(
        Reference(name, f"{_DUST}/{name}", sha256)
        for name, sha256 in (
            (
                "SFD_dust_4096_ngp.fits",
                "50b6aaad0b880762d0fd081177802dcc17c39d7044a410dd5649e2dfd0503e97",
            ),
            (
                "SFD_dust_4096_sgp.fits",
                "84891a59054adab44a7be54051e4dcf0e66e3f13eee0d845ce3739242f553b83",
            ),
        )
    ),
    # Adams et al. (2022): clumps of Galaxy Zoo: Clump Scout and their hosts.
    "clumpscout": (
        Reference(
            "J_ApJ_931_16.fits",
            _VIZIER,
            None,
            (("-source", "J/ApJ/931/16"), ("-out.all", ""), ("-out.max", "unlimited")),
        ),
    ),
}


def bring_reference(name: str, folder: Path, client: Client | None = None) -> list[Path]:
    """Bring the files of a reference into a folder, unless they are there; their paths.

    A file of another hash than the known one, or than it had when it first came, is refused.

    Raises
    ------
    DownloadError
        If there is no such reference, or a file cannot be had or has another hash.
    StoreError
        If it cannot be written.
    """
    if name not in REFERENCES:
        raise DownloadError(expected_got("reference", " or ".join(REFERENCES), name))
    if client is None:
        with Client() as own:
            return bring_reference(name, folder, own)
    return [_bring(one, folder, client) for one in REFERENCES[name]]


def _bring(one: Reference, folder: Path, client: Client) -> Path:
    whole, known = folder / one.file, _known(folder)
    wanted = one.sha256 or known.get(one.file)
    try:
        if not whole.is_file():
            check = partial(check_fits, most_mb=_MOST_MB)
            most = int(1e6 * _MOST_MB)
            client.bring(one.url, whole, check, params=one.params, most=most)
        found = sha256_file(whole)
    except FAULTS as error:
        raise DownloadError(f"cannot download {one.url}: {told(error)}") from error
    except OSError as error:
        raise StoreError(f"cannot write {whole}: {error.strerror or error}") from error
    if wanted not in (None, found):
        whole.unlink(missing_ok=True)
        gone = f"sha256 {found}; the file was deleted"
        raise DownloadError(expected_got(f"file {whole}", f"sha256 {wanted}", gone))
    with atomic(folder / _HASHES) as temporary:
        temporary.write_text(json.dumps({**known, one.file: found}, indent=1, sort_keys=True))
    return whole


def _known(folder: Path) -> dict[str, str]:
    """Hashes of what came before, by name."""
    try:
        hashes = parse_json((folder / _HASHES).read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in hashes.items()} if isinstance(hashes, dict) else {}
