"""Votes: of what can be seen, down a tree, more alike than chance allows."""

from dataclasses import replace

import numpy as np
import pytest

from clumpscope.config.simulate import ClumpsConfig, HostsConfig, SimulateConfig
from clumpscope.core.questions import ANSWERS, QUESTIONS
from clumpscope.stages.simulate import survey
from clumpscope.stages.simulate.hosts import draw_host
from clumpscope.stages.simulate.survey import simulate_galaxy
from clumpscope.stages.simulate.votes import Conditions, probabilities, vote

GOOD = Conditions(fwhm_arcsec=1.4, noise=0.05)
FAINTEST = 0.011  # share of answers given at random


@pytest.fixture(scope="module")
def hosts():
    rng = np.random.default_rng(4)
    return [draw_host(rng, HostsConfig(), ClumpsConfig()) for _ in range(200)]


@pytest.fixture(scope="module")
def spiral(hosts):
    """A bright face-on spiral of plain arms and a bulge, its scale length 5 arcsec."""
    host = next(one for one in hosts if one.member.kind == "spiral")
    bright = {
        name: share * 10 * host.total
        for name, share in (("bulge", 0.25), ("disk", 0.45), ("young", 0.3))
    }
    arms = replace(host.arms, number=2, pitch=0.4, contrast=2.0, wobble=0.2)
    plain = {"ring": 0.0, "tail": 0.0, "lopsided": 0.0, "bend": 0.0, "offset": 0.0}
    member = replace(host.member, r50_arcsec=8.4)
    return replace(
        host,
        member=member,
        scale_arcsec=5.0,
        axis_ratio=0.9,
        bar=1.0,
        arms=arms,
        fluxes=bright,
        **plain,
    )


def share(host, answer, seen=GOOD):
    name, place = next(
        (one.name, one.columns.index(answer)) for one in QUESTIONS if answer in one.columns
    )
    return float(probabilities(host, seen)[name][place])


def test_chances_are_chances(hosts):
    for host in hosts:
        for name, chances in probabilities(host, GOOD).items():
            assert chances.sum() == pytest.approx(1), name
            assert (chances > 0).all()


def test_a_plain_galaxy_is_told_as_it_is(spiral):
    for answer in ("smooth_or_featured_featured", "bar_yes", "spiral_arms_yes", "edge_on_no"):
        assert share(spiral, answer) > 0.7, answer
    assert share(spiral, "disturbed_no") > 0.95
    numbers = probabilities(spiral, GOOD)["arm_number"]
    assert numbers.argmax() == 0
    three = replace(spiral, arms=replace(spiral.arms, number=3, pitch=0.6))
    assert probabilities(three, GOOD)["arm_number"].argmax() == 1


def test_what_is_not_there_gets_no_votes(spiral):
    bare = replace(spiral, bar=0.0, arms=replace(spiral.arms, number=0))
    assert share(bare, "bar_yes") < FAINTEST
    assert share(replace(spiral, tail=0.3), "disturbed_merger") > 0.5
    assert share(spiral, "disturbed_merger") < FAINTEST


@pytest.mark.parametrize("answer", ["bar_yes", "spiral_arms_yes", "smooth_or_featured_featured"])
def test_what_cannot_be_seen_gets_no_votes(spiral, answer):
    """The same galaxy farther away, in worse seeing, or with fewer photons."""
    far = replace(
        spiral, scale_arcsec=0.5, member=replace(spiral.member, r50_arcsec=0.84), grain=0.2
    )
    assert share(far, answer) < 0.03
    faint = replace(spiral, fluxes={k: v * 1e-3 for k, v in spiral.fluxes.items()})
    assert share(faint, answer) < share(spiral, answer) / 4 + 0.4 * (answer[0] == "s")
    seeing = [share(spiral, answer, Conditions(fwhm, 0.05)) for fwhm in (1.0, 3.0, 6.0, 12.0)]
    assert seeing == sorted(seeing, reverse=True)


def test_a_bar_of_an_arcsec_gets_no_votes_in_usual_seeing(spiral):
    small = replace(spiral, scale_arcsec=0.5)  # twice its half-length of 1 h
    assert share(small, "bar_yes") < FAINTEST + 0.01


def test_inclination_decides_on_edge_on(spiral):
    shares = [share(replace(spiral, axis_ratio=q), "edge_on_yes") for q in (0.15, 0.3, 0.6)]
    assert shares[0] > 0.9
    assert shares == sorted(shares, reverse=True)
    assert shares[2] < 0.02
    assert share(replace(spiral, axis_ratio=0.15), "bar_yes") < 0.03


def test_bulges_are_told_by_their_light(spiral):
    sizes = []
    for bulge in (0.002, 0.08, 0.25, 0.7):
        total = spiral.total
        fluxes = {"bulge": bulge * total, "disk": (1 - bulge) * total, "young": 0 * total}
        sizes.append(probabilities(replace(spiral, fluxes=fluxes), GOOD)["bulge_size"].argmax())
    assert sizes == [0, 1, 2, 3]


def test_a_question_is_asked_of_those_who_answered_so(hosts):
    rng = np.random.default_rng(1)
    totals = []
    for host in hosts:
        votes = vote(rng, host, GOOD)
        assert list(votes) == list(ANSWERS)
        asked = {one.name: sum(votes[name] for name in one.columns) for one in QUESTIONS}
        for one in QUESTIONS:
            if one.after is not None:
                assert asked[one.name] == votes["_".join(one.after)]
        assert asked["disturbed"] == asked["smooth_or_featured"]
        totals.append(asked["disturbed"])
    assert np.mean(totals) == pytest.approx(40, abs=2)


def test_votes_are_dirichlet_multinomial(spiral):
    """Mean n p, variance n p (1 - p) (n + 25) / (1 + 25)."""
    host = replace(spiral, bar=0.45)
    chance, rng = share(host, "bar_yes"), np.random.default_rng(2)
    assert 0.1 < chance < 0.9
    votes = [vote(rng, host, GOOD) for _ in range(1500)]
    k = np.array([one["bar_yes"] for one in votes])
    n = k + [one["bar_no"] for one in votes]
    scaled = (k - n * chance) / np.sqrt(n * chance * (1 - chance) * (n + 25) / 26)
    assert scaled.mean() == pytest.approx(0, abs=0.1)
    assert scaled.std() == pytest.approx(1, abs=0.1)


def test_votes_have_a_stream_of_their_own(monkeypatch):
    """Drawn or not, everything else is the same; and each galaxy has its own."""
    config = SimulateConfig()
    one = simulate_galaxy("sim7", config, 3)
    assert simulate_galaxy("sim7", config, 3).votes == one.votes
    assert simulate_galaxy("sim7", config, 4).votes != one.votes
    monkeypatch.setattr(survey, "vote", lambda rng, *_: {"drawn": rng.random(1000)})
    other = simulate_galaxy("sim7", config, 3)
    assert other.host == one.host
    for table in ("truth", "labels"):
        assert {k: list(v) for k, v in getattr(other, table).items()} == {
            k: list(v) for k, v in getattr(one, table).items()
        }
    assert all(np.array_equal(other.image[b].data, one.image[b].data) for b in "ugriz")
