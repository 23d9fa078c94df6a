"""A user's positions: which coordinates count, and measuring at them."""

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable, Table
from astropy.utils.masked import Masked

import scenes
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import BandImage, GalaxyImage
from clumpscope.core.schema import plain
from clumpscope.errors import ImageError, TableError
from clumpscope.stages.measure import UserPositions, measure, measure_positions, resolve
from clumpscope.stages.refine import refine

SHAPE = (60, 60)


def changed(image, **fields):
    """The image with some of its r band's planes replaced."""
    r = image["r"]
    planes = {"data": r.data, "variance": r.variance, "mask": r.mask} | fields
    return GalaxyImage("g", {"r": BandImage(wcs=r.wcs, psf_fwhm_arcsec=1.3, **planes)})


WCS = scenes.make_wcs(SHAPE, rotation_deg=20)
XY = np.array([[30.0, 20.0], [11.5, 40.25]])
SKY = native_to_sky(XY, WCS)
UNKNOWN = np.full_like(XY, np.nan)


@pytest.mark.parametrize("coords", ["sky", "pixel", None])
def test_agreeing_coordinates_are_all_the_same(coords):
    assert resolve(XY, SKY, WCS, coords) == pytest.approx(XY, abs=1e-6)


def test_one_kind_of_coordinates_is_enough_row_by_row():
    assert resolve(UNKNOWN, SKY, WCS) == pytest.approx(XY, abs=1e-6)
    assert resolve(XY, UNKNOWN, None) == pytest.approx(XY)
    mixed = resolve(np.array([XY[0], UNKNOWN[1]]), np.array([UNKNOWN[0], SKY[1]]), WCS)
    assert mixed == pytest.approx(XY, abs=1e-6)


def test_half_a_pixel_is_the_limit_and_coords_chooses():
    near, far = XY + np.array([0.49, 0]), XY + np.array([[0, 0], [0.3, 0.41]])
    assert resolve(near, SKY, WCS) == pytest.approx(near)
    with pytest.raises(TableError, match=r"row 2.*within 0\.5 px.*0\.51 px apart"):
        resolve(far, SKY, WCS)
    assert resolve(far, SKY, WCS, "pixel") == pytest.approx(far)
    assert resolve(far, SKY, WCS, "sky") == pytest.approx(XY, abs=1e-6)


def test_missing_positions_and_wcs_are_errors():
    with pytest.raises(TableError, match=r"row 1.*ra and dec, or x and y"):
        resolve(UNKNOWN, UNKNOWN, WCS)
    with pytest.raises(TableError, match="expected ra and dec,"):
        resolve(XY, UNKNOWN, WCS, "sky")
    with pytest.raises(TableError, match="expected x and y,"):
        resolve(UNKNOWN, SKY, WCS, "pixel")
    with pytest.raises(ImageError, match="WCS"):
        resolve(UNKNOWN, SKY, None)
    # Nothing to compare with: the pixels stand.
    assert resolve(XY, SKY, None) == pytest.approx(XY)


def test_user_tables_come_with_units_names_and_gaps_of_their_own():
    radians = QTable({"galaxy_id": ["g", "g"], "ra": SKY[:, 0] * u.deg, "dec": SKY[:, 1] * u.deg})
    radians["ra"] = radians["ra"].to(u.rad)
    assert UserPositions.of(radians).radec == pytest.approx(SKY)
    named = Table({"galaxy_id": ["g", "g"], "clump_centre_px_x": XY[:, 0]}, masked=True)
    named["clump_centre_px_y"] = XY[:, 1]
    named["clump_id"] = [7, 9]
    named["clump_centre_px_y"].mask = [False, True]
    read = UserPositions.of(named)
    assert read.xy[0].tolist() == XY[0].tolist()
    assert np.isnan(read.xy[1, 1])
    assert read.columns["clump_id"].tolist() == [7, 9]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (Table({"x": [1.0], "y": [1.0]}), "galaxy_id"),
        (Table({"galaxy_id": ["g"], "ra": [1.0], "y": [1.0]}), "ra and dec, or x and y"),
        (Table({"galaxy_id": np.array([], str), "x": [], "y": []}), "at least one row"),
        (
            Table({"galaxy_id": ["g", "../g"], "x": [1.0, 1], "y": [1.0, 1]}),
            "positions, row 2: galaxy_id: expected 1 to 64",
        ),
        (QTable({"galaxy_id": ["g"], "ra": [1.0] * u.m, "dec": [1.0] * u.deg}), "ra: expected"),
    ],
)
def test_unusable_tables_are_named(table, message):
    with pytest.raises(TableError, match=message):
        UserPositions.of(table)


def test_measuring_a_user_s_positions_is_measuring_at_them():
    images = [scenes.galaxy(name, SHAPE, XY, flux=5.0, host_flux=300) for name in ("a", "b", "c")]
    sky = native_to_sky(XY, images[0].wcs)
    table = Table({"galaxy_id": ["b", "a", "b"], "ra": sky[[0, 0, 1], 0], "dec": sky[[0, 0, 1], 1]})
    positions = UserPositions.of(table)
    found = measure_positions(positions, images, MeasureConfig(), RefineConfig())
    assert list(found["galaxy_id"]) == ["a", "b", "b"]
    assert list(found["clump_id"]) == [1, 1, 2]
    assert plain(found, "clump_centre_px_x") == pytest.approx(XY[[0, 0, 1], 0], abs=1e-6)
    outline = refine(images[1], scenes.boxes_at([], SHAPE), RefineConfig(), 0.3).outline
    expected = measure(images[1], XY, MeasureConfig(), outline)
    assert plain(found, "clump_flux_u")[1:] == pytest.approx(expected.flux[:, 0], rel=1e-6)


def test_one_bad_galaxy_does_not_stop_the_others():
    good = scenes.galaxy("good", SHAPE, XY, host_flux=300)
    bad = scenes.galaxy("bad", SHAPE, XY, bands=("y",))
    table = Table({"galaxy_id": ["bad", "good"], "x": XY[:, 0], "y": XY[:, 1]})
    failures = []
    config = MeasureConfig(bands=("g", "r"))
    found = measure_positions(
        UserPositions.of(table),
        [bad, good],
        config,
        RefineConfig(),
        failed=lambda *failure: failures.append(failure),
    )
    assert list(found["galaxy_id"]) == ["good"]
    assert [name for name, _ in failures] == ["bad"]
    with pytest.raises(ImageError, match="one of bands g r, got y"):
        measure_positions(UserPositions.of(table), [bad], config, RefineConfig())


@pytest.mark.parametrize("column", [[30, 11], ["30", "11"], [30.0, 11.0]])
def test_a_gap_in_the_coordinates_is_no_position(column):
    table = Table({"galaxy_id": ["g", "g"], "x": column, "y": [20, 40]}, masked=True)
    table["clump_id"] = [3, 4]
    table["x"].mask = table["clump_id"].mask = [False, True]
    positions = UserPositions.of(table)
    assert positions.xy[0].tolist() == [30, 20]
    assert np.isnan(positions.xy[1, 0])
    assert positions.columns["clump_id"].tolist() == [3, 0]
    with pytest.raises(TableError, match=r"row 2: expected ra and dec, or x and y"):
        positions.native(positions.rows("g"), WCS)


def test_a_gap_in_a_column_with_a_unit_is_no_position():
    table = QTable({"galaxy_id": ["g", "g"], "dec": SKY[:, 1] * u.deg})
    table["ra"] = Masked(SKY[:, 0] * u.deg, mask=[False, True])
    assert np.isnan(UserPositions.of(table).radec[:, 0]).tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "value"),
    [("ra", "abc"), ("dec", "+12:34:56"), ("clump_id", "one"), ("clump_score", "a")],
)
def test_text_instead_of_numbers_is_named(name, value):
    table = Table({"galaxy_id": ["g"], "ra": [1.0], "dec": [2.0]})
    table[name] = [value]
    with pytest.raises(TableError, match=f"positions: {name}: expected numbers, got .*{value[1:]}"):
        UserPositions.of(table)


def test_rows_are_grouped_once():
    table = Table({"galaxy_id": ["b", "a", "b"], "x": [1.0, 2, 3], "y": [1.0, 2, 3]})
    positions = UserPositions.of(table)
    assert positions.rows("b").tolist() == [0, 2]
    assert positions.rows("b") is positions.rows("b")
    assert positions.rows("none").tolist() == []


def test_any_error_is_that_galaxy_s_but_a_bad_table_is_everybody_s(monkeypatch):
    images = [scenes.galaxy(name, SHAPE, XY, host_flux=300) for name in ("bad", "good")]
    table = Table({"galaxy_id": ["bad", "good"], "x": XY[:, 0], "y": XY[:, 1]})
    failures = []

    def run(error):
        def broken(image, *args):
            if image.galaxy_id == "bad":
                raise error
            return measure(image, *args)

        monkeypatch.setattr("clumpscope.stages.measure.tables.measure", broken)
        return measure_positions(
            UserPositions.of(table),
            images,
            MeasureConfig(),
            RefineConfig(),
            failed=lambda *failure: failures.append(failure),
        )

    assert list(run(ZeroDivisionError("by zero"))["galaxy_id"]) == ["good"]
    assert [(name, str(error)) for name, error in failures] == [("bad", "by zero")]
    with pytest.raises(TableError, match="apart"):
        run(TableError("apart"))
