"""Each classical finder sees what stands out, however it is shown, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import scenes
from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.frames import boxes_fraction_to_native
from clumpscope.core.galaxy import ColourImage, GalaxyImage
from clumpscope.errors import ImageError
from clumpscope.stages.detect.baselines import FINDERS

XY = [[31.0, 61.0], [67.3, 38.6]]
# Over white noise a PSF's flux is known to the noise times this.
AREA = np.sqrt(4 * np.pi) * scenes.FWHM_PX / np.sqrt(8 * np.log(2))
BLUE, RED = {"g": 1.0, "r": 0.5}, {"g": 1.0, "r": 3.0}

every_finder = pytest.mark.parametrize("name", FINDERS)


def centres(boxes: Boxes, shape: tuple[int, int]) -> NDArray[np.float64]:
    """(N, 2) native pixels."""
    native = boxes_fraction_to_native(boxes.xyxy, shape)
    return (native[:, :2] + native[:, 2:]) / 2


def with_sources(snr: float = 25.0, seed: int = 0, **more: object) -> GalaxyImage:
    """A disk with a blue and a red source of this signal-to-noise in g."""
    flux = snr * AREA * scenes.SKY_SIGMA
    return scenes.galaxy(
        xy=XY,
        flux={band: [flux * BLUE[band], flux * RED[band]] for band in "gr"},
        bands="gr",
        seed=seed,
        **more,
    )


@every_finder
@pytest.mark.parametrize("seed", range(3))
def test_sources_on_a_disk_are_found_where_they_are_with_their_colours(
    name: str, seed: int
) -> None:
    image = with_sources(seed=seed)
    boxes = FINDERS[name](image)
    at = centres(boxes, image.shape)
    for target, label in zip(XY, (Label.CLUMP, Label.ODD), strict=True):
        near = np.hypot(*(at - target).T)
        assert near.min() < 0.4 * scenes.FWHM_PX
        assert boxes.labels[np.argmin(near)] == label
        assert boxes.scores[np.argmin(near)] > 5 / 15
    sides = boxes.xyxy[:, 2:] - boxes.xyxy[:, :2]
    assert sides * 100 == pytest.approx(2 * scenes.FWHM_PX)
    assert ((boxes.scores >= 0) & (boxes.scores < 1)).all()
    assert np.isnan(boxes.probabilities).all()


@every_finder
def test_a_brighter_source_scores_higher(name: str) -> None:
    scores = []
    for snr in (25, 50, 100, 200):
        image = with_sources(snr)
        boxes = FINDERS[name](image)
        near = np.hypot(*(centres(boxes, image.shape) - XY[0]).T)
        scores.append(boxes.scores[np.argmin(near)])
    assert scores == sorted(set(scores))


@pytest.mark.parametrize(
    ("name", "floor", "most"),
    [("sep", 2, 100), ("peaks", 2, 100), ("guo", 2, 4), ("sattari", 3, 0)],
)
def test_noise_alone_has_next_to_nothing(name: str, floor: float, most: int) -> None:
    """Of 930 PSF areas few pass the floor, which is that of the score, and none 5 sigma."""
    found = [FINDERS[name](scenes.galaxy(host_flux=0, bands="gr", seed=seed)) for seed in range(4)]
    scores = np.concatenate([boxes.scores for boxes in found])
    assert len(scores) <= 4 * most
    assert ((scores >= floor / (floor + 10)) & (scores < 5 / 15)).all()


@pytest.mark.parametrize("name", ["sep", "peaks"])
def test_noise_is_where_the_error_map_says(name: str) -> None:
    image = scenes.galaxy(host_flux=0, bands="gr")
    planes = {}
    for band, plane in image.bands.items():
        data, variance = plane.data.copy(), plane.variance.copy()
        data[:30] *= 8
        variance[:30] *= 64
        planes[band] = replace(plane, data=data, variance=variance)
    assert (FINDERS[name](GalaxyImage("g1", planes)).scores < 6 / 16).all()


def turned(image: GalaxyImage, flip: tuple[slice, slice]) -> GalaxyImage:
    planes = {
        band: replace(
            plane,
            **{part: getattr(plane, part)[flip].copy() for part in ("data", "variance", "mask")},
        )
        for band, plane in image.bands.items()
    }
    return GalaxyImage(image.galaxy_id, planes, image.ra, image.dec)


@every_finder
@pytest.mark.parametrize("axes", ["x", "y", "xy"])
def test_a_flipped_image_has_flipped_boxes(name: str, axes: str) -> None:
    image = with_sources(shape=(90, 101))
    back = {True: slice(None, None, -1), False: slice(None)}
    boxes = FINDERS[name](image)
    other = FINDERS[name](turned(image, (back["y" in axes], back["x" in axes])))
    place, mirrored = boxes.centres, other.centres
    for k, axis in enumerate("xy"):
        if axis in axes:
            mirrored[:, k] = 1 - mirrored[:, k]
    assert len(boxes) == len(other) > 1
    order, again = np.lexsort(place.round(6).T), np.lexsort(mirrored.round(6).T)
    assert mirrored[again] == pytest.approx(place[order], abs=1e-6)
    assert other.scores[again] == pytest.approx(boxes.scores[order], rel=1e-6)
    assert list(other.labels[again]) == list(boxes.labels[order])


@every_finder
def test_pixels_that_cannot_be_used_are_not_found_and_hide_nothing(name: str) -> None:
    image = with_sources()
    planes = {}
    for band, plane in image.bands.items():
        data, mask, variance = plane.data.copy(), plane.mask.copy(), plane.variance.copy()
        data[20:26, 20:26] = np.nan
        data[70:73, 70:73], mask[70:73, 70:73] = 1e3, 2
        data[10:13, 80:83], variance[10:13, 80:83] = 50.0, np.nan
        planes[band] = replace(plane, data=data, mask=mask, variance=variance)
    boxes = FINDERS[name](GalaxyImage("g1", planes, image.ra, image.dec))
    at = centres(boxes, image.shape)
    for target in XY:
        assert np.hypot(*(at - target).T).min() < 0.4 * scenes.FWHM_PX
    for bad in ([22.5, 22.5], [71.0, 71.0], [81.0, 11.0]):
        near = np.hypot(*(at - bad).T) < 4
        assert (boxes.scores[near] < 5 / 15).all()
    masked = {band: replace(plane, mask=np.ones_like(plane.mask)) for band, plane in planes.items()}
    assert len(FINDERS[name](GalaxyImage("g1", masked))) == 0


@every_finder
def test_what_fills_a_hole_is_no_source(name: str) -> None:
    """A star at its rim would be smeared over it."""
    image = with_sources(200)
    x, y = (int(value) for value in XY[0])
    planes = {}
    for band, plane in image.bands.items():
        mask = plane.mask.copy()
        mask[y - 20 : y + 20, x - 20 : x - 1] = 4
        planes[band] = replace(plane, mask=mask)
    at = centres(FINDERS[name](GalaxyImage("g1", planes, image.ra, image.dec)), image.shape)
    assert not ((np.abs(at[:, 1] - y) < 20) & (np.abs(at[:, 0] - x + 12) < 9)).any()
    assert np.hypot(*(at - XY[0]).T).min() < scenes.FWHM_PX


@every_finder
def test_a_picture_is_searched_in_blue(name: str) -> None:
    rng = np.random.default_rng(0)
    pixels = np.abs(rng.normal(0.02, 0.01, (80, 90, 3))).astype(np.float32)
    pixels[..., 2] += scenes.point_sources((80, 90), [[30, 50]], 12.0, 4.0).astype(np.float32)
    boxes = FINDERS[name](ColourImage("p", np.clip(pixels, 0, 1), 0.3, 1.2))
    best = int(np.argmax(boxes.scores))
    assert centres(boxes, (80, 90))[best] == pytest.approx([30, 50], abs=0.7)
    assert boxes.labels[best] == Label.CLUMP


@every_finder
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3), (5, 4), (12, 12)])
def test_tiny_images_are_searched_too(name: str, shape: tuple[int, int]) -> None:
    boxes = FINDERS[name](scenes.galaxy(shape=shape, bands="gr"))
    assert np.isfinite(boxes.scores).all()


@every_finder
def test_a_constant_image_has_no_source(name: str) -> None:
    picture = np.full((40, 40, 3), 0.5, dtype=np.float32)
    assert len(FINDERS[name](ColourImage("p", picture, 0.3, 1.2))) == 0


@every_finder
@pytest.mark.parametrize("there", ["r", "g"])
def test_a_missing_band_is_named(name: str, there: str) -> None:
    with pytest.raises(ImageError, match=f"g1: expected band {'g' if there == 'r' else 'r'}"):
        FINDERS[name](scenes.galaxy(bands=there))


@every_finder
def test_an_image_without_a_wcs_has_no_width_in_pixels(name: str) -> None:
    image = scenes.galaxy(bands="gr")
    planes = {band: replace(plane, wcs=None) for band, plane in image.bands.items()}
    with pytest.raises(ImageError, match="expected a WCS"):
        FINDERS[name](GalaxyImage("g1", planes))
