import numpy as np
import pytest

import scenes
from clumpscope.config.run import MeasureConfig, RefineConfig
from clumpscope.core.galaxy import MaskBit
from clumpscope.ops.outline import galaxy_outline
from clumpscope.stages.measure import band_fluxes, measure

XY = np.array([[70.0, 60.0], [75.0, 60.5], [50.2, 61.0], [60.0, 110.0]])


@pytest.mark.parametrize("together", [1, 60_000])
def test_bands_are_measured_together_as_each_alone(monkeypatch, together):
    image = scenes.galaxy(shape=(121, 121), xy=XY, flux=3.0, host_flux=100.0)
    image["g"].mask[60:63, 70:72] = MaskBit.COSMIC_RAY
    image["z"].mask[30:90, 48:58] = MaskBit.NO_DATA
    outline = galaxy_outline(image, RefineConfig())
    whole = measure(image, XY, MeasureConfig(), outline)
    assert len(whole.bands) == 5
    monkeypatch.setattr(band_fluxes, "_TOGETHER", together)
    parts = measure(image, XY, MeasureConfig(), outline)
    for name in ("flux", "flux_err", "background", "aperture_correction", "published_flux"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-9)
    np.testing.assert_allclose(parts.size_arcsec, whole.size_arcsec, rtol=1e-9)
    assert (parts.flags == whole.flags).all()
