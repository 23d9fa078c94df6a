import numpy as np

from clumpscope.stages.measure.stamps import Stamps


def test_pixels_see_their_place_on_the_stamp_and_nothing_off_it():
    xy = np.array([[10.4, 7.0], [2.0, 3.6]])
    rows, cols = np.divmod(np.arange(20 * 15), 20)
    stamps = Stamps.of(xy, cols, rows, 2.0)
    assert stamps.half == 3
    np.testing.assert_allclose(stamps.off, [[0.4, 0.0], [0.0, -0.4]])
    offsets = np.arange(-3, 4)
    column = np.broadcast_to(offsets, (2, 7, 7)) + np.rint(xy)[:, :1, None]
    seen = stamps.seen(column)
    near = np.maximum(np.abs(cols - 10), np.abs(rows - 7)) <= 3
    assert (seen[0, near] == cols[near]).all()
    assert not seen[0, ~near].any()
    assert seen[1, 20 * 4 + 5] == 5
