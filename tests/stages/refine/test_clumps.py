import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scenes
from clumpscope.config.run import CompositeConfig, RefineConfig
from clumpscope.config.stack import StackConfig
from clumpscope.core.boxes import Boxes, Label
from clumpscope.core.composite import colour, composite
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.frames import native_to_sky
from clumpscope.core.galaxy import BandImage, ColourImage, GalaxyImage, MaskBit
from clumpscope.core.schema import plain
from clumpscope.errors import ImageError
from clumpscope.ops.outline import galaxy_outline
from clumpscope.ops.stack import band_stack
from clumpscope.stages.refine import positions_table, refine

SHAPE = (100, 100)
CONFIG = RefineConfig()
BOX = scenes.FWHM_PX  # sides of one FWHM: neighbours may merge without being suppressed


def run(xy, config=CONFIG, image=None, threshold=0.3, **boxes):
    image = image or scenes.galaxy(shape=SHAPE, host_flux=400)
    return refine(image, scenes.boxes_at(xy, image.shape, **boxes), config, threshold)


def test_a_box_gives_a_clump_with_its_own_numbers():
    refined = run([[60, 41.25]], scores=[0.7], labels=[2])
    assert refined.xy == pytest.approx(np.array([[60, 41.25]]))
    side = 2 * scenes.FWHM_PX
    assert refined.box == pytest.approx(
        np.array([[60 - side / 2, 41.25 - side / 2, 60 + side / 2, 41.25 + side / 2]])
    )
    assert refined.label.tolist() == [Label.ODD]
    assert refined.score.tolist() == [0.7]
    assert refined.probabilities == pytest.approx(np.array([[0.3, 0, 0.7]]))
    assert refined.n_members.tolist() == [1]
    assert refined.flags.tolist() == [0]
    assert refined.has_outline
    assert refined.psf_fwhm_r_px == pytest.approx(scenes.FWHM_PX, rel=1e-6)


def test_an_outline_that_is_known_is_taken_and_none_is_found_anew(monkeypatch):
    image = scenes.galaxy(shape=SHAPE, host_flux=400)
    boxes = scenes.boxes_at([[60, 41.25], [52, 60]], image.shape)
    stack = band_stack(image, StackConfig())
    whole = refine(image, boxes, CONFIG, 0.3)
    monkeypatch.setattr("clumpscope.stages.refine.steps.galaxy_outline", None)
    handed = refine(image, boxes, CONFIG, 0.3, stack.outline_by(CONFIG))
    for name in vars(whole):
        np.testing.assert_array_equal(getattr(handed, name), getattr(whole, name))


@pytest.mark.parametrize("name", [n for n in RefineConfig.model_fields if n != "score_threshold"])
def test_a_stack_hands_its_outline_on_if_the_settings_find_the_same(name):
    stack = band_stack(scenes.galaxy(shape=SHAPE, host_flux=400), StackConfig())
    value = getattr(CONFIG, name)
    config = CONFIG.model_copy(update={name: not value if value is False else 2 * value + 1})
    handed = stack.outline_by(config)
    assert (handed is None) == name.startswith("outline_")


def test_overlapping_boxes_of_different_labels_are_suppressed():
    refined = run([[60, 50], [62, 50]], scores=[0.5, 0.8], labels=[1, 2])
    assert refined.xy == pytest.approx(np.array([[62, 50]]))
    assert refined.n_members.tolist() == [1]


@pytest.mark.parametrize(("threshold", "kept"), [(0.3, 2), (0.5, 1), (0.51, 0)])
def test_the_score_threshold_is_inclusive(threshold, kept):
    assert len(run([[60, 50], [40, 50]], scores=[0.5, 0.3], threshold=threshold)) == kept


def test_boxes_below_the_threshold_do_not_pull_a_position():
    refined = run([[60, 50], [62.9, 50]], scores=[0.9, 0.2], side_px=1.0)
    assert refined.xy == pytest.approx(np.array([[60, 50]]))
    assert refined.n_members.tolist() == [1]


@pytest.mark.parametrize(("offset", "is_nucleus"), [(1.99, True), (2.01, False)])
def test_the_nucleus_is_two_hundredths_of_the_field(offset, is_nucleus):
    # A field of 100 px: 2 px from the centre (49.5, 49.5), on both axes.
    xy = [[49.5 + offset, 49.5 - 1.99]]
    assert len(run(xy, RefineConfig(nucleus_fwhm=0))) == (0 if is_nucleus else 1)
    kept = run(xy, RefineConfig(nucleus_fwhm=0, keep_nucleus=True))
    assert kept.flags.tolist() == [ClumpFlag.NUCLEUS if is_nucleus else 0]


def test_the_nucleus_is_the_host_s_and_the_field_s_side_the_longer_one():
    centred = scenes.galaxy(shape=(60, 200), host_flux=400)
    assert len(run([[99.5 + 3.9, 29.5]], image=centred)) == 0
    ra, dec = native_to_sky([[80.0, 25.0]], centred.wcs)[0]
    off_centre = GalaxyImage("g", centred.bands, ra, dec)
    config = RefineConfig(nucleus_fwhm=0, keep_nucleus=True)
    flags = run([[80, 25], [99.5, 29.5]], config, off_centre, scores=[0.9, 0.8]).flags
    assert (flags & ClumpFlag.NUCLEUS > 0).tolist() == [True, False]


@pytest.mark.parametrize("off_px", [0.0, 1.3, 2.5, 3.8, 6.3])
def test_the_nucleus_is_found_where_its_light_is_though_the_target_is_beside_it(off_px):
    galaxy = scenes.galaxy(shape=(160, 160), host_flux=900, scale_px=9)
    ra, dec = native_to_sky([[79.5 + off_px, 79.5]], galaxy.wcs)[0]
    image = GalaxyImage("g", galaxy.bands, ra, dec)
    beside = 79.5 + 0.7 * scenes.FWHM_PX + 3.2
    for config in (RefineConfig(), RefineConfig(keep_nucleus=True)):
        refined = run([[79.5, 79.5], [79.5, beside]], config, image, scores=[0.9, 0.8])
        flagged = refined.flags & ClumpFlag.NUCLEUS > 0
        assert flagged.tolist() == ([True, False] if config.keep_nucleus else [False])


def test_in_a_small_field_the_nucleus_is_half_an_fwhm_wide():
    image = scenes.galaxy(shape=(40, 40), host_flux=400)
    near, far = 0.3 * scenes.FWHM_PX, 0.7 * scenes.FWHM_PX
    assert near > 0.02 * 40
    assert len(run([[19.5 + near, 19.5]], image=image)) == 0
    assert len(run([[19.5 + far, 19.5]], image=image)) == 1
    assert len(run([[19.5 + near, 19.5]], RefineConfig(nucleus_fwhm=0), image)) == 1


def test_neighbours_within_one_fwhm_are_joined():
    near, far = scenes.FWHM_PX * 0.99, scenes.FWHM_PX * 1.01
    assert len(run([[60, 50], [60, 50 + far]], side_px=BOX)) == 2
    refined = run([[60, 50], [60, 50 + near]], side_px=BOX, scores=[0.4, 0.8], labels=[2, 1])
    assert refined.xy == pytest.approx(np.array([[60, 50 + near / 2]]))
    assert refined.label.tolist() == [Label.ODD]
    assert refined.probabilities == pytest.approx(np.array([[0.2, 0.8, 0]]))
    assert refined.box[0, 1] == pytest.approx(50 + near - BOX / 2)
    assert refined.n_members.tolist() == [2]
    assert refined.flags.tolist() == [ClumpFlag.MERGED]


def test_the_merge_radius_is_that_of_the_r_band():
    widths = {"u": 4.0, "g": 4.0, "r": 1.3, "i": 4.0, "z": 4.0}
    image = scenes.galaxy(shape=SHAPE, host_flux=400, fwhm_arcsec=widths)
    assert len(run([[60, 50], [60, 54]], image=image, side_px=BOX)) == 2


def test_candidates_outside_the_host_are_dropped():
    refined = run([[60, 50], [95, 5]])
    assert refined.xy == pytest.approx(np.array([[60, 50]]))


def test_without_an_outline_candidates_stay_and_say_so():
    image = scenes.galaxy(shape=SHAPE, host_flux=0)
    refined = run([[60, 50], [95, 5]], image=image)
    assert len(refined) == 2
    assert not refined.has_outline
    assert refined.outline.shape == SHAPE
    assert refined.flags.tolist() == [ClumpFlag.NO_OUTLINE] * 2


def test_no_boxes_no_clumps():
    image = scenes.galaxy(shape=SHAPE)
    refined = refine(image, Boxes.empty(), CONFIG, 0.3)
    assert len(refined) == 0
    assert refined.xy.shape == (0, 2)
    table = positions_table([(image.galaxy_id, image.wcs, refined)])
    assert len(table) == len(positions_table([])) == 0
    assert table.colnames == positions_table([]).colnames


def test_clumps_are_sorted_by_score_then_column():
    refined = run([[60, 45], [40, 55], [50, 60]], scores=[0.5, 0.5, 0.9])
    assert refined.xy == pytest.approx(np.array([[50, 60], [40, 55], [60, 45]]))


def test_every_column_is_of_the_same_clump():
    xy = [[60, 50], [60, 53], [40, 50], [50, 62]]
    refined = run(xy, scores=[0.9, 0.8, 0.7, 0.6], labels=[1, 1, 2, 1], side_px=BOX)
    assert refined.xy == pytest.approx(np.array([[60, 51.5], [40, 50], [50, 62]]))
    assert refined.score.tolist() == [0.9, 0.7, 0.6]
    assert refined.label.tolist() == [1, 2, 1]
    assert refined.n_members.tolist() == [2, 1, 1]
    expected = [[0.1, 0.9, 0], [0.3, 0, 0.7], [0.4, 0.6, 0]]
    assert refined.probabilities == pytest.approx(np.array(expected))
    assert refined.box[:, 0] == pytest.approx(np.array([60, 40, 50]) - BOX / 2)


def test_an_assumed_psf_is_flagged():
    r = scenes.galaxy(shape=SHAPE, host_flux=400)["r"]
    plane = BandImage(r.data, r.variance, r.mask, r.wcs, 1.3, psf_assumed=True)
    refined = run([[60, 50]], image=GalaxyImage("g", {"r": plane}))
    assert refined.flags.tolist() == [ClumpFlag.PSF_ASSUMED]


def test_a_black_picture_has_no_outline_and_no_sky():
    pixels = np.zeros((80, 120, 3), dtype=np.float32)
    picture = ColourImage("p", pixels, 0.4, 1.2, psf_assumed=True)
    boxes = scenes.boxes_at([[59.5, 39.5], [70, 50], [70, 52.9]], (80, 120), side_px=1.0)
    refined = refine(picture, boxes, CONFIG, 0.3)
    assert refined.psf_fwhm_r_px == pytest.approx(3.0)
    # The nucleus is gone, the other two are joined.
    assert refined.xy == pytest.approx(np.array([[70, 51.45]]))
    common = ClumpFlag.NO_WCS | ClumpFlag.NO_OUTLINE | ClumpFlag.PSF_ASSUMED
    assert refined.flags.tolist() == [common | ClumpFlag.MERGED]
    table = positions_table([("p", None, refined)])
    assert np.isnan(plain(table, "clump_centre_ra")).all()


def test_what_lies_off_the_host_of_a_picture_is_dropped():
    image = scenes.galaxy(shape=SHAPE, host_flux=400, bands=("g", "r", "i"))
    picture = ColourImage("p", colour(image, CompositeConfig()), scenes.PIXSCALE, scenes.FWHM)
    boxes = scenes.boxes_at([[60, 50], [5, 5]], SHAPE)
    of_bands, of_picture = (refine(one, boxes, CONFIG, 0.3) for one in (image, picture))
    assert len(of_bands) == len(of_picture) == 1
    assert of_picture.xy == pytest.approx(np.array([[60, 50]]))
    assert not of_picture.flags[0] & ClumpFlag.NO_OUTLINE
    assert of_picture.outline.sum() == pytest.approx(of_bands.outline.sum(), rel=0.2)


def test_a_galaxy_without_a_wcs_is_an_error():
    r = scenes.galaxy(shape=SHAPE)["r"]
    image = GalaxyImage("g", {"r": BandImage(r.data, r.variance, r.mask, None, 1.3)})
    with pytest.raises(ImageError, match="WCS"):
        run([[60, 50]], image=image)


def test_a_band_without_a_good_pixel_has_no_outline():
    r = scenes.galaxy(shape=SHAPE)["r"]
    for data in (np.full(SHAPE, np.nan, np.float32), np.ones(SHAPE, np.float32)):
        image = GalaxyImage("g", {"r": BandImage(data, r.variance, r.mask, r.wcs, 1.3)})
        refined = run([[60, 50]], image=image)
        assert refined.flags.tolist() == [ClumpFlag.NO_OUTLINE]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.booleans(), st.booleans())
def test_refining_follows_flips_and_ignores_the_order_of_boxes(seed, up, left):
    rng = np.random.default_rng(seed)
    image = scenes.galaxy(shape=SHAPE, bands=("r",), host_flux=400, seed=seed % 7)
    xy = rng.uniform(30, 70, (20, 2))
    scores, labels = rng.permutation(20) / 20 + 0.01, rng.integers(1, 3, 20)
    turn = (slice(None, None, -1 if up else 1), slice(None, None, -1 if left else 1))
    r = image["r"]
    turned = GalaxyImage(
        "g", {"r": BandImage(r.data[turn], r.variance, r.mask, r.wcs, r.psf_fwhm_arcsec)}
    )
    signs = np.array([-1 if left else 1, -1 if up else 1])
    order = rng.permutation(20)
    plain_ = run(xy, image=image, scores=scores, labels=labels)
    other = run(
        (49.5 + (xy - 49.5) * signs)[order],
        image=turned,
        scores=scores[order],
        labels=labels[order],
    )
    assert other.xy == pytest.approx(49.5 + (plain_.xy - 49.5) * signs)
    assert other.label.tolist() == plain_.label.tolist()
    assert other.flags.tolist() == plain_.flags.tolist()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("rotation", [0, 33, 90, 217])
@pytest.mark.parametrize("shape", [(100, 100), (97, 120)])
def test_boxes_set_at_truth_give_the_true_sky_positions(shape, rotation, flip):
    """Composite → box → refine → table, right to 0.03 arcsec."""
    wcs = scenes.make_wcs(shape, rotation_deg=rotation, flip=flip, radec=(229.5, 62.0))
    truth = np.array([[56.3, 40.8], [44.1, 60.2], [64.77, 57.1], [39.2, 43.9]])
    image = scenes.galaxy(shape=shape, xy=truth, flux=5, host_flux=400, wcs=wcs)
    frame = composite(image, CompositeConfig()).frame
    centres = frame.native_to_composite(truth)
    fractions = frame.boxes_composite_to_fraction(np.hstack([centres - 8, centres + 8]))
    probabilities = np.tile([0.1, 0.9, 0.0], (4, 1))
    boxes = Boxes.of(fractions, np.ones(4), [0.9, 0.8, 0.7, 0.6], probabilities)
    refined = refine(image, boxes, CONFIG, 0.3)
    table = positions_table([(image.galaxy_id, image.wcs, refined)])
    sky = native_to_sky(truth, wcs)
    d_ra = (plain(table, "clump_centre_ra") - sky[:, 0]) * np.cos(np.deg2rad(sky[:, 1]))
    d_dec = plain(table, "clump_centre_dec") - sky[:, 1]
    assert 3600 * np.hypot(d_ra, d_dec) == pytest.approx(0, abs=0.03)
    # East is left on the sky: an unturned, unflipped image has RA falling with x.
    if rotation == 0:
        rises = np.corrcoef(truth[:, 0], plain(table, "clump_centre_ra"))[0, 1] > 0
        assert rises == flip


def test_table_of_several_galaxies_counts_clumps_from_one():
    images = [scenes.galaxy(name, SHAPE, host_flux=400) for name in ("a", "b", "c")]
    found = [
        run([[60, 50], [40, 50]], image=images[0], labels=[1, 2], scores=[0.9, 0.8]),
        run([], image=images[1]),
        run([[50, 60]], image=images[2]),
    ]
    table = positions_table(
        [(image.galaxy_id, image.wcs, one) for image, one in zip(images, found, strict=True)]
    )
    assert list(table["galaxy_id"]) == ["a", "a", "c"]
    assert list(table["clump_id"]) == [1, 2, 1]
    assert list(table["clump_label_name"]) == ["clump", "odd clump", "clump"]
    assert plain(table, "clump_centre_px_x") == pytest.approx([60, 40, 50])
    assert plain(table, "clump_px_x2")[0] == pytest.approx(60 + scenes.FWHM_PX)
    assert plain(table, "FWHM_r_px") == pytest.approx(scenes.FWHM_PX)
    assert plain(table, "p_odd").tolist() == [0, 0.8, 0]


@pytest.mark.parametrize("stage", ["refine", "measure", "catalogue"])
def test_the_stage_loads_and_needs_no_torch(stage):
    code = (
        "import sys\n"
        "for name in ('torch', 'torchvision', 'lightning', 'timm', 'matplotlib'):\n"
        "    sys.modules[name] = None\n"
        f"import clumpscope.stages.{stage}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def with_star(image, xy, radius, flux=3000.0):
    """The image with a bright star at a place, masked to a radius (px)."""
    ny, nx = image.shape
    rows, cols = np.indices((ny, nx))
    masked = np.hypot(cols - xy[0], rows - xy[1]) < radius
    light = scenes.point_sources((ny, nx), [xy], flux, scenes.FWHM_PX)
    bands = {
        band: replace(
            plane,
            data=(plane.data + light).astype(np.float32),
            mask=np.where(masked, np.uint8(MaskBit.STAR), plane.mask).astype(np.uint8),
        )
        for band, plane in image.bands.items()
    }
    return replace(image, bands=bands)


def test_a_star_beside_the_host_is_not_outlined_but_its_box_keeps_its_row():
    bare = scenes.galaxy(shape=(140, 140), host_flux=400)
    outline = galaxy_outline(bare, RefineConfig())
    edge = float(np.nonzero(outline[69])[0].max())
    starry = with_star(bare, (edge + 3.0, 69.5), 9.0)
    apart = np.hypot(*np.indices((140, 140))[::-1] - np.array([edge + 3, 69.5])[:, None, None])
    found = galaxy_outline(starry, RefineConfig())
    assert (found == outline)[apart > 16].all()
    assert not found[69, int(edge) + 8]
    refined = run([[edge + 3.0, 69.5], [69.5, 80.0]], image=starry, scores=[0.9, 0.8])
    assert len(refined) == 2
    assert len(run([[edge + 40.0, 20.0]], image=starry)) == 0


def test_a_star_inside_the_host_makes_no_hole_in_it():
    bare = scenes.galaxy(shape=(140, 140), host_flux=900, scale_px=12)
    starry = with_star(bare, (85.0, 69.5), 7.0)
    assert galaxy_outline(starry, RefineConfig())[60:80, 76:95].all()
