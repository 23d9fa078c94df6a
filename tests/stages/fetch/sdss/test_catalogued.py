"""What SDSS's catalogue says, in the units of a host table."""

import math

import numpy as np
import pytest
from astropy.io import fits

from clumpscope.core.bands import SDSS_BANDS
from clumpscope.stages.fetch.sdss.catalogued import ebv_of, known_of
from clumpscope.stages.fetch.sdss.query import COLUMNS
from places import SHARED

ROW = {
    **dict.fromkeys(COLUMNS, ""),
    **{"type": "3", "clean": "1", "petroR50_r": "2", "petroR90_r": "5", "fracDeV_r": "0.2"},
    **{"expAB_r": "0.7", "expPhi_r": "190", "deVAB_r": "0.4", "deVPhi_r": "20"},
    **{f"petroFlux_{band}": str(10 + n) for n, band in enumerate("ugriz")},
    **{f"petroFluxIvar_{band}": "16" for band in "ugriz"},
    **{"z": "0.07", "zWarning": "0", "lgm_tot_p50": "10.2", "specsfr_tot_p50": "-10.1"},
    **{"specObjID": "2222222222222222222", "dr7objid": "587722952230174996"},
}


def test_all_that_a_row_tells():
    known = known_of(ROW)
    assert known["position_angle_deg"] == 10.0
    assert known["axis_ratio"] == 0.7
    assert (known["petro_r50_arcsec"], known["petro_r90_arcsec"]) == (2.0, 5.0)
    assert (known["petro_flux_r"], known["petro_flux_err_r"]) == (12.0, 0.25)
    assert (known["redshift"], known["log_mass"], known["log_ssfr"]) == (0.07, 10.2, -10.1)
    assert known["specobjid"] == 2222222222222222222
    assert known["dr7objid"] == 587722952230174996
    assert "ebv" not in known


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"clean": "0"}, {"petro_r50_arcsec", "petro_flux_u", "axis_ratio"}),
        ({"type": "6"}, {"petro_r90_arcsec", "petro_flux_err_z", "position_angle_deg"}),
        ({"zWarning": "4"}, {"redshift"}),
        ({"zWarning": ""}, {"redshift"}),
        ({"lgm_tot_p50": "-9999"}, {"log_mass"}),
        ({"petroFluxIvar_u": "-9999"}, {"petro_flux_u", "petro_flux_err_u"}),
        ({"petroR50_r": "6"}, {"petro_r50_arcsec", "petro_r90_arcsec"}),
        ({"expAB_r": "-9999"}, {"axis_ratio", "position_angle_deg"}),
        ({"specObjID": "null"}, {"specobjid"}),
    ],
)
def test_what_is_not_known_is_left_out(changes, gone):
    assert set(known_of(ROW)) - set(known_of(ROW | changes)) >= gone


def test_a_spheroid_has_the_shape_of_its_own_profile():
    known = known_of(ROW | {"fracDeV_r": "0.9"})
    assert (known["axis_ratio"], known["position_angle_deg"]) == (0.4, 20.0)


@pytest.mark.parametrize(
    "coefficients", [(5.155, 3.793, 2.751, 2.086, 1.479), (4.239, 3.303, 2.285, 1.698, 1.263)]
)
def test_reddening_from_either_set_of_coefficients(coefficients):
    assert ebv_of([0.03 * one for one in coefficients]) == pytest.approx(0.03)
    mixed = [0.03 * one for one in coefficients]
    mixed[0] *= 1.1
    assert math.isnan(ebv_of(mixed))
    assert ebv_of([0.0] * 5) == 0.0


PHOTOOBJ = SHARED / "sdss_psf" / "photoObj-003900-6-0269.fits"


@pytest.mark.skipif(not PHOTOOBJ.is_file(), reason="no shared photoObj")
def test_a_real_table_of_objects():
    """Fluxes are nanomaggies: SDSS's asinh magnitudes of them are those of the same table."""
    table = fits.getdata(PHOTOOBJ, 1)
    softening = np.array([1.4e-10, 0.9e-10, 1.2e-10, 1.8e-10, 7.4e-10])
    galaxies = np.flatnonzero((table["OBJC_TYPE"] == 3) & (table["CLEAN"] == 1))
    checked = 0
    for index in galaxies:
        own = {name.lower(): table[name][index] for name in table.names}
        row = {
            **{"type": "3", "clean": "1", "zWarning": "", "z": ""},
            **{f"petroFlux_{b}": str(own["petroflux"][n]) for n, b in enumerate(SDSS_BANDS)},
            **{
                f"petroFluxIvar_{b}": str(own["petroflux_ivar"][n])
                for n, b in enumerate(SDSS_BANDS)
            },
            **{f"extinction_{b}": str(own["extinction"][n]) for n, b in enumerate(SDSS_BANDS)},
            **{"petroR50_r": str(own["petroth50"][2]), "petroR90_r": str(own["petroth90"][2])},
            **{"fracDeV_r": str(own["fracdev"][2])},
            **{"expAB_r": str(own["ab_exp"][2]), "expPhi_r": str(own["phi_exp_deg"][2])},
            **{"deVAB_r": str(own["ab_dev"][2]), "deVPhi_r": str(own["phi_dev_deg"][2])},
        }
        known = known_of({**dict.fromkeys(COLUMNS, ""), **row})
        assert known["ebv"] == pytest.approx(own["extinction"][2] / 2.751, rel=0.01)
        for n, band in enumerate(SDSS_BANDS):
            flux = known.get(f"petro_flux_{band}")
            if flux is None:
                continue
            x = flux * 1e-9 / (2 * softening[n])
            magnitude = -2.5 / np.log(10) * (np.arcsinh(x) + np.log(softening[n]))
            assert magnitude == pytest.approx(own["petromag"][n], abs=2e-3)
            checked += 1
    assert checked > 500
