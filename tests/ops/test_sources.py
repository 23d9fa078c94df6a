import numpy as np
import sep

from clumpscope.ops.sources import extract


def test_without_deblending_it_is_what_sep_finds_level_by_level():
    rng = np.random.default_rng(8)
    rows, cols = np.indices((160, 190))
    data = rng.normal(0, 1, rows.shape)
    for _ in range(40):
        y, x, flux = rng.uniform(0, 160), rng.uniform(0, 190), rng.exponential(30)
        data += flux * np.exp(-((rows - y) ** 2 + (cols - x) ** 2) / 8)
    data = data.astype(np.float32)
    noise = np.ones_like(data)
    for contrast in (1.0, 0.002):
        table, segments = extract(data, noise, 1.5, contrast=contrast)
        sep.set_extract_pixstack(300000)
        expected, map_ = sep.extract(
            data, 1.5, err=noise, minarea=5, deblend_cont=contrast, segmentation_map=True
        )
        np.testing.assert_array_equal(segments, map_)
        np.testing.assert_array_equal(table, expected)


def test_a_stamp_that_is_all_source_fits():
    table, segments = extract(
        np.full((30, 40), 9, np.float32), np.ones((30, 40), np.float32), 1.5, contrast=1.0
    )
    assert len(table) == 1
    assert (segments == 1).all()
