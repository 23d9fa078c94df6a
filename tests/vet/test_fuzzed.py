"""Thousands of requests made from the page's own description: refused or answered, never broken."""

import os
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

import vetting
from clumpscope.vet.app import create_app
from clumpscope.vet.desk import Desk
from clumpscope.vet.guard import Guard

MOST = int(os.environ.get("CLUMPSCOPE_VET_REQUESTS", "5200"))
HEADERS = {"Cookie": f"clumpscope_vet_0={vetting.TOKEN}", "Host": "127.0.0.1"}


# Where a request goes: as it is made up, or to a galaxy and box that there are.
PLACES = st.sampled_from([None, ("a1", "c1"), ("b2", None), ("c3", "c9")])


def _place(case, place):
    if place is not None:
        if "galaxy_id" in (case.path_parameters or {}):
            case.path_parameters["galaxy_id"] = place[0]
        if isinstance(case.body, dict) and "galaxy" in case.body:
            case.body |= {"galaxy": place[0], "box": place[1]}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of packages that make the requests
def test_requests_that_are_made_up(tmp_path, monkeypatch):
    monkeypatch.setattr("clumpscope.vet.app._AT_ONCE", 1e9)
    run = vetting.made(tmp_path)
    desk = Desk(run)
    app = create_app(desk, Guard(vetting.TOKEN, "ann"))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers=HEADERS)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 8
    each = -(-MOST // len(operations))  # some have no wrong requests, or few
    counts: dict[int, int] = {}
    kept = 0
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategy = operation.as_strategy(generation_mode=mode)

            @settings(
                max_examples=each,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy, place=PLACES)
            def ask(case, place):
                nonlocal kept
                _place(case, place)
                answer = case.call(headers=HEADERS)
                counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
                assert answer.status_code < 500, (case.as_curl_command(), answer.text)
                if answer.status_code >= 400:
                    assert "error" in answer.json()
                if case.method == "POST" and answer.status_code == 200:
                    kept += 1

            with suppress(Unsatisfiable):  # nothing can be wrong where nothing is asked
                ask()
    assert desk.decisions.revision() == kept
    assert sum(counts.values()) >= MOST, counts
    print(counts, kept)  # noqa: T201
    desk.close()
