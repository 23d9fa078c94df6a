"""How long is fuzzed, and how many inputs there were."""

import os
import time
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

Fuzz = Callable[[st.SearchStrategy, Callable[[object], None]], None]
# Seconds of all tests here together: half a minute among the quick tests, ten minutes among the
# slow ones, an hour or more if asked.
ASKED = os.environ.get("CLUMPSCOPE_FUZZ_SECONDS")
QUICK, SLOW = 30.0, 600.0
# Inputs tried at least: opening a run again and again takes a second each.
QUICK_BATCH, SLOW_BATCH = 15, 50
_inputs: Counter[str] = Counter()


@pytest.fixture
def fuzz(request: pytest.FixtureRequest) -> Fuzz:
    """Try ever other inputs until this test's share of the time is over."""
    slow = request.node.get_closest_marker("slow") is not None
    total = float(ASKED) if ASKED else SLOW if slow else QUICK
    name = request.node.name
    here = request.node.path.parent
    beside = [item for item in request.session.items if item.path.parent == here]
    share = total / sum((item.get_closest_marker("slow") is not None) == slow for item in beside)
    first = 0 if not slow else int(time.time())

    def run(inputs: st.SearchStrategy, check: Callable[[object], None]) -> None:
        end = time.monotonic() + share
        turn = first
        while time.monotonic() < end:
            turn += 1

            @seed(turn)
            @settings(
                max_examples=SLOW_BATCH if slow else QUICK_BATCH,
                deadline=None,
                database=None,
                phases=[Phase.generate],  # a smaller input would take longer than there is
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            )
            @given(inputs)
            def batch(value: object) -> None:
                if time.monotonic() < end + 60:
                    _inputs[name] += 1
                    check(value)

            batch()

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many inputs there were."""
    if _inputs:
        terminalreporter.write_line(f"fuzz: {sum(_inputs.values()):,} inputs")
        for name, count in _inputs.most_common():
            terminalreporter.write_line(f"  {count:7,} {name}")
