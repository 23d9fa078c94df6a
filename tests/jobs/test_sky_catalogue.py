"""What SDSS's catalogue is asked, what is believed of it, and what is asked again."""

import numpy as np
import pytest
from astropy.table import Table

from clumpscope.config.services import MannersConfig
from clumpscope.core.schema import plain
from clumpscope.jobs.sky_catalogue import catalogued, with_known
from clumpscope.net.client import Client
from clumpscope.stages.fetch.sdss.mirror import FieldKey
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.journal import Journal
from sky_server import SkyServer

PLACE = {"run": 94, "rerun": 301, "camcol": 1, "field": 11, "type": 3, "clean": 1}
SHAPE = {"petroR50_r": 2.0, "petroR90_r": 5.0}


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = SkyServer()
    yield server
    server.close()


@pytest.fixture
def ask(server, tmp_path):
    def ask(targets, **more):
        config = server.services(manners=MannersConfig(pause_s=0.0, attempts=2), **more)
        with Client(config.manners) as client:
            return catalogued(targets, client, config, Journal(tmp_path / "journal"))

    return ask


def listed(n, **more):
    columns = {
        "galaxy_id": [f"g{k}" for k in range(n)],
        "ra": np.arange(n) / 10,
        "dec": np.zeros(n),
    }
    return make_targets(Table({**columns, **more}))


def row(ra, east_arcsec=0.0, **more):
    return {**PLACE, **SHAPE, "ra": ra + east_arcsec / 3600, "dec": 0.0, **more}


def test_values_are_those_of_the_target_itself(server, ask):
    server.rows = [row(0.0, 2.9), row(0.1, 3.1), row(0.2, 29.0), row(0.3, 31.0)]
    answers = ask(listed(4))
    assert [answers[f"g{k}"].field for k in range(3)] == 3 * [FieldKey(94, 1, 11)]
    assert "no object within" in answers["g3"].field
    assert answers["g0"].known["petro_r90_arcsec"] == 5.0
    assert answers["g1"].known == answers["g2"].known == {}


def test_a_galaxy_is_meant_where_a_star_is_nearer(server, ask):
    server.rows = [row(0.0, 0.5, type=6, field=12), row(0.0, 1.5)]
    assert ask(listed(1))["g0"].field == FieldKey(94, 1, 11)


def test_the_list_s_own_values_prevail(server, ask):
    server.rows = [row(0.0), row(0.1)]
    targets = listed(2, petro_r90_arcsec=[7.0, np.nan])
    known = with_known(targets, {name: one.known for name, one in ask(targets).items()})
    assert plain(known.hosts, "petro_r90_arcsec").tolist() == [7.0, 5.0]
    assert plain(known.hosts, "petro_r50_arcsec").tolist() == [2.0, 2.0]
    assert np.isnan(plain(known.hosts, "redshift")).all()


def test_batches_each_once(server, ask):
    server.rows = [row(k / 10) for k in range(7)]
    first = ask(listed(7), batch=3)
    assert server.asked.total() == 3
    assert ask(listed(7), batch=3) == first
    assert server.asked.total() == 3
    ask(listed(8), batch=3)
    assert server.asked.total() == 4


def test_a_batch_that_fails_is_told_of_and_asked_again(server, ask):
    server.rows = [row(k / 10) for k in range(4)]
    server.faults["/sql"] = ["slow", "page", "error"]
    answers = ask(listed(4), batch=2)
    assert answers["g1"].field == FieldKey(94, 1, 11)
    assert f"catalogue at {server.url}/sql: the server answered 500" in answers["g3"].field
    assert ask(listed(4), batch=2)["g3"].field == FieldKey(94, 1, 11)


def test_nonsense_of_a_catalogue_is_told(server, ask):
    server.rows = [row(0.0, camcol=9)]
    server.files["/other"] = b'{"Error": "Incorrect syntax"}'
    assert "got 94-9-11" in ask(listed(1))["g0"].field
    other = ask(listed(2), sdss_catalogue=f"{server.url}/other")["g1"].field
    assert 'expected a table in CSV, got {"Error": "Incorrect syntax"}' in other
