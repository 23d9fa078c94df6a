"""A client of a Dask scheduler, which may be one that is started for it on this machine."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from clumpscope.errors import ClusterError, expected_got

if TYPE_CHECKING:
    from distributed import Client

# Of processes that are started here: what costs time and is of no use, as of local ones.
_SETTINGS = {
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": {  # without Dask's early return of freed memory
        "OMP_NUM_THREADS": 1,
        "OPENBLAS_NUM_THREADS": 1,
        "MKL_NUM_THREADS": 1,
    },
}
LOCAL = "local:"  # begins an address that means: processes on this machine


@contextmanager
def opened(address: str) -> Iterator["Client"]:
    """Connect to a scheduler; ``local:N`` starts one with N processes of one thread.

    Raises
    ------
    ClusterError
        If Dask is not installed, N is no number, or no scheduler answers there.
    """
    try:
        from dask import config
        from distributed import Client, LocalCluster
    except ImportError as error:
        how = "pip install 'clumpscope[cluster]'"
        raise ClusterError(expected_got("--dask", "Dask to be installed", "none", how)) from error
    with ExitStack() as stack:
        where: Any = address
        if address.startswith(LOCAL):
            stack.enter_context(config.set(_SETTINGS))
            where = stack.enter_context(
                LocalCluster(
                    n_workers=_number(address),
                    threads_per_worker=1,
                    preload="clumpscope.engine.dask_worker",
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,  # what ends a map is told by its error
                )
            )
        try:
            client = stack.enter_context(Client(where, set_as_default=False))
        except (OSError, ValueError) as error:
            what = f"--dask {address}"
            raise ClusterError(expected_got(what, "a scheduler that answers", error)) from error
        yield client


def _number(address: str) -> int:
    number = address.removeprefix(LOCAL)
    if not (number.isascii() and number.isdigit() and int(number)):
        raise ClusterError(expected_got(f"--dask {LOCAL}N", "a number of processes", number))
    return int(number)


def check(client: "Client") -> None:
    """Check that scheduler and workers have the client's versions of Python and clumpscope.

    Raises
    ------
    ClusterError
        If one has not; it is named.
    """
    found: Any = client.get_versions(packages=["clumpscope"])
    mine = _versions(found["client"])
    for place, theirs in {"scheduler": found["scheduler"], **found["workers"]}.items():
        for name, version in _versions(theirs).items():
            if version != mine[name]:
                raise ClusterError(
                    expected_got(
                        f"{name} of {place}",
                        mine[name],
                        version,
                        "scheduler, workers and this process need one environment",
                    )
                )


def _versions(about: dict[str, Any]) -> dict[str, str | None]:
    packages = about["packages"]
    python = ".".join(str(packages["python"]).split(".")[:2])
    return {"Python": python, "clumpscope": packages["clumpscope"]}
