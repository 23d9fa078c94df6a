import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.cosmology import FlatLambdaCDM
from hypothesis import given, settings
from hypothesis import strategies as st

from clumpscope.stages.catalogue.places import duplicates, host_distance, kpc_per_arcsec

HOST = SkyCoord(150 * u.deg, 40 * u.deg)


def clump_at(distance, angle_deg):
    place = HOST.directional_offset_by(angle_deg * u.deg, distance * u.arcsec)
    return np.array([place.ra.deg]), np.array([place.dec.deg])


def one(value):
    return np.array([value])


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 360), st.floats(0.3, 1), st.floats(0, 180))
def test_deprojection_stretches_the_minor_axis_only(angle, ratio, position_angle):
    host = one(150.0), one(40.0)
    found = host_distance(clump_at(8.0, angle), host, one(ratio), one(position_angle))
    assert found.projected[0] == pytest.approx(8.0, abs=1e-3)
    turn = np.radians(angle - position_angle)
    exact = 8 * np.hypot(np.cos(turn), np.sin(turn) / ratio)
    assert found.deprojected[0] == pytest.approx(exact, rel=1e-3)


def test_what_is_not_known_has_no_distance():
    found = host_distance(clump_at(8.0, 10), (one(np.nan), one(40.0)), one(0.5), one(10.0))
    assert np.isnan([found.projected[0], found.deprojected[0]]).all()
    round_ = host_distance(clump_at(8.0, 10), (one(150.0), one(40.0)), one(np.nan), one(np.nan))
    assert np.isfinite(round_.projected[0])
    assert np.isnan(round_.deprojected[0])


def test_scale_is_the_cosmology_s():
    cosmology = FlatLambdaCDM(H0=70, Om0=0.3)
    exact = cosmology.kpc_proper_per_arcmin(0.05).to_value(u.kpc / u.arcsec)
    assert kpc_per_arcsec(np.array([0.05, np.nan, -0.1])) == pytest.approx(
        [exact, np.nan, np.nan], nan_ok=True
    )


def test_a_clump_on_two_cutouts_belongs_to_the_nearer_host():
    ra = np.array([150.0, 150.0 + 0.5 / 3600, 150.0, 10.0, np.nan])
    dec = np.array([40.0, 40.0, 40.0 + 30 / 3600, -5.0, 1.0])
    ids = np.array(["a", "b", "b", "c", "d"])
    better = duplicates(ra, dec, ids, np.full(5, 1.3), np.array([0.8, 0.3, 0.1, 0.2, 0.1]))
    assert better.tolist() == [1, -1, -1, -1, -1]


def test_neighbours_in_one_galaxy_are_no_duplicates():
    same = np.zeros(2), np.zeros(2), np.array(["a", "a"])
    assert duplicates(*same, np.full(2, 1.3), np.zeros(2)).tolist() == [-1, -1]


def test_of_equals_the_first_stays():
    same = np.zeros(3), np.zeros(3), np.array(["a", "b", "c"])
    assert duplicates(*same, np.full(3, 1.3), np.full(3, np.nan)).tolist() == [-1, 0, 0]
