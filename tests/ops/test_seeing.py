"""What a table says of each row's reference band."""

import numpy as np
from astropy.table import Table

from clumpscope.ops.seeing import of_reference, seeing

NAN = np.nan


def test_each_row_has_that_of_its_own_best_band():
    table = Table(
        {
            "psf_fwhm_arcsec": [9.0, 9.0, 9.0, 9.0, 9.0],
            "psf_fwhm_g": [1.5, 1.6, NAN, NAN, NAN],
            "psf_fwhm_r": [1.3, NAN, NAN, NAN, NAN],
            "psf_fwhm_VIS": [0.2, NAN, 0.21, NAN, NAN],
            "psf_fwhm_narrow": [1.0, 1.0, 1.0, 1.1, NAN],
        }
    )
    np.testing.assert_array_equal(seeing(table), [1.3, 1.6, 0.21, 1.1, NAN])
    assert np.isnan(of_reference(table, "aperture_radius")).all()
