"""Work mapped over the workers of a real Dask cluster on this machine."""

import hashlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import clumpscope
from clumpscope.engine import dask as engine
from clumpscope.engine.carried import MissingError
from clumpscope.engine.dask import Dask, connected
from clumpscope.engine.dask_client import check
from clumpscope.engine.local import WorkerError, ordered_map, silent
from clumpscope.errors import ClusterError, FolderError
from clumpscope.jobs import shards
from clumpscope.jobs.shards import fill
from clumpscope.store.run import Run
from tasks import (
    Dying,
    blas_threads,
    die,
    doubled,
    lacking,
    late,
    lines_of,
    no_folder,
    process_id,
    sent,
    square,
    squares,
    surroundings,
    ticking,
)

config = pytest.importorskip("dask").config
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def dask() -> Iterator[Dask]:
    """Two processes, in which a task may end none."""
    with (
        config.set({"distributed.scheduler.allowed-failures": 0}),
        connected("local:2") as executor,
    ):
        yield executor


def wait_for(what) -> None:
    for _ in range(200):
        if what():
            return
        time.sleep(0.05)
    pytest.fail("it never came to that")


def tasks_left(dask: Dask) -> int:
    return dask.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))


def test_results_come_in_order_from_other_processes(dask: Dask) -> None:
    assert list(ordered_map(square, range(60, 20, -1), dask)) == [k * k for k in range(60, 20, -1)]
    assert os.getpid() not in set(ordered_map(process_id, range(8), dask))


def test_errors_come_through_after_earlier_results(dask: Dask) -> None:
    results = ordered_map(square, [1, 2, 13, 4], dask)
    assert [next(results), next(results)] == [1, 4]
    with pytest.raises(ValueError, match="thirteen"):
        next(results)


def test_of_our_errors_it_is_said_which_worker_had_them(dask: Dask) -> None:
    told = r"sample x: no such folder; worker tcp://\S+ on \S+, which needs the client's folders"
    with pytest.raises(FolderError, match=told):
        list(ordered_map(no_folder, [0], dask))


def test_no_more_is_taken_than_is_wanted_in_flight(
    dask: Dask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many a thread as are ahead, and one more as each result is handed over."""
    monkeypatch.setattr(engine, "_LEAST", 1)
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(40):
            taken += 1
            yield item

    results = Dask(dask.client, ahead=3).map(square, items())
    assert taken == 0
    for done in range(1, 9):
        assert next(results) == (done - 1) ** 2
        assert taken == done + 5
    results.close()
    assert taken == 13


def test_what_is_in_flight_follows_the_size_of_the_cluster(
    dask: Dask, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = iter([1, 1, 5, 2])
    info = {"scheduler_info": lambda n_workers: {"total_threads": next(threads)}}
    for name in ("submit", "as_current", "status", "get_versions"):
        info[name] = getattr(dask.client, name)
    monkeypatch.setattr(engine, "_LEAST", 1)
    monkeypatch.setattr(engine, "_LOOKS", 0.0)
    mapped = engine._Map(Dask(SimpleNamespace(**info), ahead=2), square, range(40))
    flying = []
    for _ in range(4):
        mapped._fill()
        flying.append(len(mapped.pending))
        mapped.pending.popleft()
    assert flying == [2, 2, 10, 9]
    mapped.end()


def test_nothing_stays_with_the_cluster(dask: Dask) -> None:
    assert list(ordered_map(square, [2, 3], dask)) == [4, 9]
    wait_for(lambda: tasks_left(dask) == 0)


def test_workers_keep_to_one_core(dask: Dask) -> None:
    for threads, _ in ordered_map(surroundings, range(2), dask):
        assert threads == ["1", "1", "1"]
    assert set().union(*ordered_map(blas_threads, range(2), dask)) <= {1}


def test_a_time_limit_holds_there(dask: Dask) -> None:
    (told,) = ordered_map(late, [0.2], dask)
    assert told == "time: expected at most 0.2 s for a galaxy, [limits] seconds, got more"


def test_relative_paths_mean_the_same_there(
    dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here.txt").write_text("a\nb\n")
    monkeypatch.chdir(tmp_path)
    assert list(ordered_map(lines_of, ["here.txt"], dask)) == [["a", "b"]]


def test_a_file_that_workers_lack_is_sent_once(dask: Dask, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights")
    file = path, hashlib.sha256(b"weights").hexdigest()
    found = list(ordered_map(sent, [file] * 6, dask))
    assert {data for _, data in found} == {b"weights"}
    assert path not in {place for place, _ in found}
    assert {place.name for place, _ in found} == {f"{file[1]}.bin"}
    assert dask._sent == {f"{file[1]}.bin"}
    dask.forget()
    assert not dask._sent


def test_a_file_that_is_another_by_now_is_an_error(dask: Dask, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"changed since")
    with pytest.raises(MissingError, match=r"model\.bin: expected a file of SHA-256 0000"):
        list(ordered_map(sent, [(path, "0" * 64)], dask))
    dask.forget()


def test_what_is_no_longer_wanted_is_stopped(dask: Dask, tmp_path: Path) -> None:
    """After Ctrl-C nothing is written any more, and the worker is free."""
    mark = tmp_path / "mark"

    def interrupt() -> None:
        wait_for(mark.exists)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        list(dask.map(ticking, [mark]))
    signal.signal(signal.SIGINT, before)
    wait_for(lambda: tasks_left(dask) == 0)

    def still() -> bool:
        before = mark.stat().st_size
        time.sleep(0.2)
        return mark.stat().st_size == before

    wait_for(still)
    assert mark.stat().st_size < 2000
    assert list(ordered_map(square, [2, 3], dask)) == [4, 9]


def test_a_lost_connection_is_made_again(dask: Dask) -> None:
    results = ordered_map(square, range(100, 160), dask)
    found = [next(results) for _ in range(5)]
    client = dask.client
    client.loop.add_callback(client.scheduler_comm.comm.abort)
    found += results
    assert found == [k * k for k in range(100, 160)]


def test_a_task_that_ends_its_worker_is_told(dask: Dask) -> None:
    with pytest.raises(WorkerError, match="over the same task") as caught:
        list(ordered_map(die, [7], dask))
    assert caught.value.items == [7]


def test_a_galaxy_that_ends_its_worker_is_left_out(
    dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD", 3)
    (tmp_path / ".unfinished").mkdir()
    told: list[int] = []
    found = fill(Run(tmp_path), 8, Dying((4,)), ["square"], workers=dask, progress=told.append)
    assert list(found["square"]["square"]) == [0, 1, 4, 9, -1, 25, 36, 49]
    assert sum(told) == 8


def test_a_folder_that_a_worker_does_not_see_is_an_error(dask: Dask, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="a file system that all machines share, got none; wor"):
        fill(Run(tmp_path), 8, squares, ["square"], workers=dask, progress=silent)


def test_another_version_is_an_error(dask: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clumpscope, "__version__", "0.0.7")
    with pytest.raises(ClusterError, match=r"clumpscope of worker tcp://.*: expected 0\.0\.7, got"):
        list(ordered_map(square, [1], dask))


@pytest.mark.parametrize(
    ("place", "name", "version", "told"),
    [
        ("scheduler", "clumpscope", None, "clumpscope of scheduler: expected 1.0, got None"),
        ("tcp://a:1", "clumpscope", "0.9", "clumpscope of tcp://a:1: expected 1.0, got 0.9"),
        ("tcp://a:1", "python", "3.12.1.final.0", "Python of tcp://a:1: expected 3.11, got 3.12"),
    ],
)
def test_versions_are_compared_at_the_beginning(place, name, version, told) -> None:
    def about() -> dict[str, dict[str, object]]:
        return {"packages": {"python": "3.11.7.final.0", "clumpscope": "1.0"}}

    found = {"client": about(), "scheduler": about(), "workers": {"tcp://a:1": about()}}
    client = SimpleNamespace(get_versions=lambda packages: found)
    check(client)
    found["client"]["packages"]["python"] = "3.11.2.final.0"
    check(client)
    (found.get(place) or found["workers"][place])["packages"][name] = version
    with pytest.raises(ClusterError, match=told):
        check(client)


def test_workers_of_several_threads_are_refused() -> None:
    options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": "127.0.0.1:0"}
    with (
        distributed.LocalCluster(processes=False, **options) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        pytest.raises(ClusterError, match=r"threads of worker .*: expected 1, got 2; .*--nthreads"),
    ):
        list(ordered_map(square, [1], Dask(client)))


def test_a_scheduler_that_is_gone_is_an_error(dask: Dask) -> None:
    address = dask.client.scheduler.address
    with distributed.Client(address, set_as_default=False) as client:
        results = Dask(client).map(doubled, range(40))
        assert next(results) == 0
        client._timeout = 0  # to connect again
        client.loop.add_callback(client.scheduler_comm.comm.abort)
        with pytest.raises(ClusterError, match="Dask scheduler: expected to be there"):
            list(results)


def test_what_workers_lack_is_told(dask: Dask) -> None:
    with pytest.raises(ClusterError, match="packages of workers: expected the client's, got No mo"):
        list(ordered_map(lacking, [0], dask))


def test_no_scheduler_is_an_error() -> None:
    with (
        config.set({"distributed.comm.timeouts.connect": "0.3s"}),
        pytest.raises(ClusterError, match="--dask tcp://127.0.0.1:9: expected a scheduler that"),
        connected("tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.parametrize("address", ["local:", "local:0", "local:two", "local:-1"])
def test_how_many_processes_must_be_said(address: str) -> None:
    with pytest.raises(ClusterError, match="local:N: expected a number"), connected(address):
        pass


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"clumpscope\[cluster\]"), connected("local:1"):
        pass
