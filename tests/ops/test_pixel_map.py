import numpy as np
import pytest

from builders import tan_wcs
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.ops import pixel_map as module
from clumpscope.ops.pixel_map import pixel_map
from distorted import sip_wcs, tpv_wcs


def exact(window, shape, frame):
    rows, cols = np.indices(shape)
    here = np.column_stack([cols.ravel(), rows.ravel()])
    there = sky_to_native(native_to_sky(here, window), frame)
    return there[:, ::-1].T.reshape(2, *shape)


@pytest.mark.parametrize("frame", [sip_wcs(), tpv_wcs(), tan_wcs((200, 200), 0.4, 77.0, flip=True)])
@pytest.mark.parametrize("shape", [(120, 171), (1, 1), (3, 200)])
def test_the_map_is_the_way_through_the_sky(frame, shape):
    window = sip_wcs(side=0.3, turn=130.0)
    pixels = pixel_map(window, shape, frame)
    np.testing.assert_allclose(pixels.places, exact(window, shape, frame), atol=0.003)
    assert pixels.steps.shape == (2, 2, *shape)
    # A step down and a step right, by differences.
    step = exact(window, (2, 2), frame)
    down, right = step[:, 1, 0] - step[:, 0, 0], step[:, 0, 1] - step[:, 0, 0]
    np.testing.assert_allclose(pixels.steps[:, :, 0, 0].T, [down, right], atol=2e-3)
    assert pixels.jacobian[0, 0] == pytest.approx(abs(np.linalg.det([down, right])), abs=4e-3)
    assert pixels.scale >= np.hypot(*down) - 2e-3


def test_a_map_too_rough_for_splines_is_taken_pixel_by_pixel(monkeypatch):
    frame, window = sip_wcs(strength=20.0, shape=(40, 40)), tan_wcs((60, 60), 0.4)
    monkeypatch.setattr(module, "_CLOSE_PX", 1e-5)
    pixels = pixel_map(window, (60, 60), frame)
    np.testing.assert_allclose(pixels.places, exact(window, (60, 60), frame), atol=1e-9)
