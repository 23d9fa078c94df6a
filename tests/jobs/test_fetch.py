"""Target lists and frames made into samples: synthetic SDSS fields, a toy survey, real frames."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from clumpscope.config.fetch import FetchConfig
from clumpscope.config.recipe import Recipe
from clumpscope.config.run import SampleConfig
from clumpscope.core.bands import SDSS_BANDS
from clumpscope.core.flags import ClumpFlag
from clumpscope.core.frames import native_to_sky, sky_to_native
from clumpscope.core.galaxy import MaskBit
from clumpscope.core.schema import plain
from clumpscope.errors import FolderError, FrameError, StoreError
from clumpscope.jobs.fetch import fetch, read_targets
from clumpscope.jobs.run import run
from clumpscope.stages.fetch.targets import make_targets
from clumpscope.store.manifest import RunManifest
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet
from places import SHARED
from sdss_mirror import PIXSCALE, Source, band_wcs, make_field
from toy_survey import FLUX, FWHM_PX, GALAXY, SIGMA_PX, ToySurvey, register, toy_band
from toy_survey import PIXSCALE as TOY_PIXSCALE

FRAMES = SHARED / "sdss_frames"
SHAPE = (170, 190)
# Target → its field and pixel there; in an order that is neither the fields' nor alphabetical.
PLACES = {
    "d": (3, (95.0, 85.0)),
    "a": (1, (95.0, 85.0)),
    "torn": (4, (95.0, 85.0)),
    "e": (2, (60.0, 100.0)),
    "b": (3, (120.0, 70.0)),
    "lost": (0, (0.0, 0.0)),
    "c": (1, (50.0, 90.0)),
}


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Three whole fields, one with a broken band, and a list of targets on them."""
    folder = tmp_path_factory.mktemp("mirror")
    fields = {
        n: make_field(folder / str(n), field=n, shape=SHAPE, ra=150 + n, compress=n == 2, seed=n)
        for n in (1, 2, 3, 4)
    }
    path = folder / "4" / fields[4].name("i")
    path.write_bytes(path.read_bytes()[:9000])
    rows = [
        (name, *(fields[n].sky(Source(*xy, 0.0)) if n else (10.0, -40.0)))
        for name, (n, xy) in PLACES.items()
    ]
    Table(rows=rows, names=("galaxy_id", "ra", "dec")).write(folder / "list.csv")
    return folder, folder / "list.csv"


@pytest.fixture(scope="module")
def fetched(mirror: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample of `mirror` with cutouts of 24 arcsec."""
    frames, targets = mirror
    folder = tmp_path_factory.mktemp("fetched") / "sample"
    added: list[int] = []
    failures = fetch(
        *("sdss", read_targets(targets), frames, folder, Recipe(seed=3)),
        size_arcsec=24.0,
        progress=added.append,
    )
    assert sum(added) == len(PLACES)
    assert list(failures["galaxy_id"]) == ["torn", "lost"]
    return folder


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)


def test_more_processes_make_the_same_sample(
    mirror: tuple[Path, Path], fetched: Path, tmp_path: Path
) -> None:
    frames, targets = mirror
    added: list[int] = []
    fetch(
        *("sdss", read_targets(targets), frames, tmp_path, Recipe(seed=3)),
        size_arcsec=24.0,
        workers=2,
        progress=added.append,
    )
    assert sum(added) == len(PLACES)
    one, two = (
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.name != "manifest.json"
        }
        for folder in (fetched, tmp_path)
    )
    assert one == two


def test_a_compressed_sample_is_smaller_and_the_same_galaxies(
    mirror: tuple[Path, Path], fetched: Path, tmp_path: Path
) -> None:
    recipe = Recipe(seed=3, fetch=FetchConfig(compression="quantised"))
    fetch("sdss", read_targets(mirror[1]), mirror[0], tmp_path, recipe, size_arcsec=24.0)
    plain, small = Sample.open(fetched), Sample.open(tmp_path)
    for index, name in enumerate(plain.ids):
        sizes = [(one / "images" / f"{name}.fits").stat().st_size for one in (fetched, tmp_path)]
        assert sizes[1] < sizes[0]
        before, after = (one.read(index, SampleConfig()) for one in (plain, small))
        for band, plane in before.bands.items():
            off = (after[band].data - plane.data) / np.sqrt(np.maximum(plane.variance, 1e-12))
            assert np.std(off[plane.mask == 0]) < 0.037
    assert (fetched / "hosts.parquet").read_bytes() == (tmp_path / "hosts.parquet").read_bytes()


def test_hosts_stand_in_the_order_of_the_list(mirror: tuple[Path, Path], fetched: Path) -> None:
    given = Table.read(mirror[1])
    hosts = read_parquet(fetched / "hosts.parquet")
    assert list(hosts["galaxy_id"]) == ["d", "a", "e", "b", "c"]
    kept = given[[row["galaxy_id"] not in ("lost", "torn") for row in given]]
    for name in ("ra", "dec"):
        np.testing.assert_array_equal(plain(hosts, name), kept[name])


def test_each_galaxy_s_image_is_of_its_own_place(fetched: Path) -> None:
    sample = Sample.open(fetched)
    names = {path.stem for path in (fetched / "images").iterdir()}
    assert names == set(sample.ids)
    for index, galaxy_id in enumerate(sample.ids):
        image = sample.read(index, SampleConfig())
        field, xy = PLACES[galaxy_id]
        middle = native_to_sky([(n - 1) / 2 for n in image.shape[::-1]], image.wcs)[0]
        assert abs(middle[0] - 150 - field) < 0.02
        own = band_wcs("r", SHAPE, 150.0 + field)
        assert sky_to_native(middle, own)[0] == pytest.approx(np.round(xy), abs=1e-3)
        assert list(image.bands) == list(SDSS_BANDS)


def test_r_pixels_are_those_of_the_frame(mirror: tuple[Path, Path], fetched: Path) -> None:
    frame = fits.getdata(mirror[0] / "3" / "frame-r-003918-3-0003.fits")
    sample = Sample.open(fetched)
    image = sample.read(sample.ids.index("b"), SampleConfig())
    half = image.shape[0] // 2
    window = frame[70 - half : 70 + half + 1, 120 - half : 120 + half + 1]
    np.testing.assert_array_equal(image["r"].data, window)


def test_the_size_is_as_asked(fetched: Path) -> None:
    hosts = read_parquet(fetched / "hosts.parquet")
    assert plain(hosts, "field_arcsec") == pytest.approx(24.0, abs=PIXSCALE)
    assert plain(hosts, "pixscale_arcsec") == pytest.approx(PIXSCALE, rel=1e-3)


def test_failures_are_rows_with_their_reasons(fetched: Path) -> None:
    failures = read_parquet(fetched / "failures.parquet")
    assert list(failures["galaxy_id"]) == ["torn", "lost"]
    assert set(failures["stage"]) == {"fetch"}
    assert "frame-i-003918-3-0004" in failures["error"][0]
    assert "off all 4 fields" in failures["error"][1]


def test_the_manifest_says_what_was_fetched(mirror: tuple[Path, Path], fetched: Path) -> None:
    manifest = RunManifest.read(fetched)
    assert manifest.command == "fetch sdss"
    assert manifest.inputs == {
        "targets": str(mirror[1]),
        "frames": str(mirror[0].resolve()),
        "size_arcsec": "24.0",
    }
    assert manifest.counts == {"targets": 7, "failed": 2}
    assert manifest.recipe["seed"] == 3


def test_a_folder_that_holds_anything_is_left_alone(
    mirror: tuple[Path, Path], fetched: Path
) -> None:
    before = sorted(fetched.rglob("*"))
    with pytest.raises(FolderError, match="empty folder"):
        fetch("sdss", read_targets(mirror[1]), mirror[0], fetched, Recipe())
    assert sorted(fetched.rglob("*")) == before


def test_an_interrupted_fetch_goes_on_with_what_is_missing(
    toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, places = ["e1", "w", "e2", "off"], ["east", "west", "east"]
    ra, dec = zip(*(GALAXY[place] for place in places), (0.0, 0.0), strict=True)
    targets = make_targets(Table({"galaxy_id": names, "ra": ra, "dec": dec}))

    def made(folder: Path, **more: object) -> dict[str, bytes]:
        fetch("toy", targets, tmp_path, folder, Recipe(), size_arcsec=6.0, **more)
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "manifest.json"
        }

    whole = made(tmp_path / "whole")
    told: list[int] = []

    def interrupt(done: int) -> None:
        told.append(done)
        if sum(told) == 3:  # "off" comes first
            raise KeyboardInterrupt

    part = tmp_path / "part"
    with pytest.raises(KeyboardInterrupt):
        made(part, progress=interrupt)
    assert not (part / "hosts.parquet").exists()
    with pytest.raises(FolderError, match="--resume"):
        made(part)
    with pytest.raises(FolderError, match="another target list"):
        fetch("toy", targets.without(["w"]), tmp_path, part, Recipe(), size_arcsec=6.0, resume=True)
    with pytest.raises(FolderError, match="another recipe"):
        fetch("toy", targets, tmp_path, part, Recipe(), size_arcsec=7.0, resume=True)
    (part / "images" / "e1.fits").unlink()  # as if it had been lost
    told.clear()
    assert made(part, resume=True, progress=told.append) == whole
    assert told == [1, 1, 1, 1]
    assert ToySurvey.last.loaded == ["east", "west"]
    ToySurvey.last.loaded.clear()
    assert made(part, resume=True) == whole
    assert not ToySurvey.last.loaded


def test_no_target_on_the_frames_is_an_error(mirror: tuple[Path, Path], tmp_path: Path) -> None:
    targets = make_targets(Table({"ra": [10.0], "dec": [-40.0]}))
    with pytest.raises(StoreError, match="at least one target cut out, got .*off all 4 fields"):
        fetch("sdss", targets, mirror[0], tmp_path / "sample", Recipe())
    assert len(read_parquet(tmp_path / "sample" / "failures.parquet")) == 1


def test_an_unknown_survey_is_told_and_writes_nothing(tmp_path: Path) -> None:
    targets = make_targets(Table({"ra": [10.0], "dec": [-40.0]}))
    with pytest.raises(FrameError, match="survey: expected sdss, got hsc"):
        fetch("hsc", targets, tmp_path, tmp_path / "sample", Recipe())
    assert not (tmp_path / "sample").exists()


@pytest.mark.usefixtures("toy")
def test_another_survey_is_fetched_in_its_own_bands_on_its_own_grid(tmp_path: Path) -> None:
    names, places = ["e1", "w", "e2", "off"], ["east", "west", "east"]
    ra, dec = zip(*(GALAXY[place] for place in places), (0.0, 0.0), strict=True)
    targets = make_targets(Table({"galaxy_id": names, "ra": ra, "dec": dec}))
    recipe = Recipe.model_validate({"fetch": {"min_size_arcsec": 5.0}})
    failures = fetch("toy", targets, tmp_path, tmp_path / "sample", recipe)
    assert [tuple(row) for row in failures] == [("off", "fetch", "off the toy")]
    assert ToySurvey.last.loaded == ["east", "west"]
    assert RunManifest.read(tmp_path / "sample").command == "fetch toy"
    sample = Sample.open(tmp_path / "sample")
    assert sample.ids == ["e1", "w", "e2"]
    for index, place in enumerate(places):
        image = sample.read(index, SampleConfig())
        assert list(image.bands) == ["g", "i"]
        own = toy_band(place, "i").frame
        x, y = (round(value) for value in sky_to_native(GALAXY[place], own.wcs)[0])
        half = image.shape[0] // 2
        window = own.data[y - half : y + half + 1, x - half : x + half + 1]
        np.testing.assert_array_equal(image["i"].data, window)
        centre = sky_to_native(GALAXY[place], image.wcs)[0]
        rows, cols = np.indices(image.shape)
        for band in ("g", "i"):
            light = image[band].data
            assert light.sum() == pytest.approx(FLUX[band], rel=0.02)
            middle = [(axis * light).sum() / light.sum() for axis in (cols, rows)]
            assert middle == pytest.approx(centre, abs=0.1)
            assert sample.host(index, f"psf_fwhm_{band}") == pytest.approx(
                FWHM_PX[band] * TOY_PIXSCALE, rel=1e-4
            )
            flux = sample.host(index, f"petro_flux_{band}")
            assert flux == pytest.approx(FLUX[band], rel=0.02)
        # Half of a Gaussian's light is within 1.1774 sigma.
        half_light = 1.1774 * SIGMA_PX * TOY_PIXSCALE
        assert sample.host(index, "petro_r50_arcsec") == pytest.approx(half_light, rel=0.03)
        assert np.isnan(sample.host(index, "petro_flux_r"))
        assert np.isnan(sample.host(index, "psf_fwhm_r"))


@pytest.mark.skipif(not FRAMES.is_dir(), reason="no shared SDSS frames")
def test_real_merger_from_frames_to_catalogue(tmp_path: Path) -> None:
    targets = tmp_path / "targets.csv"
    targets.write_text(
        "galaxy_id,ra,dec\nmerger,229.5256,42.7460\nnowhere,10.0,-40.0\nfield,229.601957,42.827893\n"
    )
    frames = FRAMES / "003918-3-0213"
    failures = fetch("sdss", read_targets(targets), frames, tmp_path / "sample", Recipe())
    assert list(failures["galaxy_id"]) == ["nowhere"]
    sample = Sample.open(tmp_path / "sample")
    assert sample.ids == ["merger", "field"]
    summary = run(tmp_path / "sample", tmp_path / "run", Recipe())
    assert (summary.galaxies, summary.failed) == (2, 0)
    catalogue = read_parquet(tmp_path / "run" / "catalogue.parquet")
    knots = catalogue[np.asarray(catalogue["galaxy_id"]) == "merger"]
    assert len(knots) >= 2
    for band in SDSS_BANDS:
        assert np.isfinite(plain(knots, f"clump_flux_{band}")).all()
    east = (plain(knots, "clump_centre_ra") - 229.5256) * np.cos(np.radians(42.746))
    assert np.hypot(east, plain(knots, "clump_centre_dec") - 42.7460).max() < 45 / 3600
    assert (plain(knots, "clump_mag_g") < 22).any()


def test_stars_of_the_field_are_masked_and_told_with_the_sample(tmp_path):
    shape = (240, 260)
    middle = (130.0, 120.0)
    galaxy, bright = Source(*middle, 150.0, 1.6), Source(165.0, 120.0, 500.0)
    others = tuple(
        Source(x, y, 60.0) for x, y in ((40, 40), (220, 40), (40, 200), (220, 200), (130, 30))
    )
    field = make_field(tmp_path / "frames", field=1, shape=shape, sources=(galaxy, bright, *others))
    rows = [("host", *field.sky(galaxy)), ("star", *field.sky(bright))]
    table = Table(rows=rows, names=("galaxy_id", "ra", "dec"))
    fetch(
        "sdss",
        make_targets(table, "t"),
        tmp_path / "frames",
        tmp_path / "s",
        Recipe(),
        size_arcsec=40,
    )
    sample = Sample.open(tmp_path / "s")
    host, star = sample.read(0), sample.read(1)
    x, y = sky_to_native([field.sky(bright)], host.wcs)[0].round().astype(int)
    assert all(plane.mask[y, x] & MaskBit.STAR for plane in host.bands.values())
    half = host.shape[0] // 2
    assert not host["r"].mask[half, half]
    assert not star["r"].mask[star.shape[0] // 2, star.shape[1] // 2]
    stars = read_parquet(tmp_path / "s" / "stars.parquet")
    near = stars[stars["galaxy_id"] == "host"]
    apart = np.hypot(
        (near["ra"].value - field.sky(bright)[0]) * np.cos(np.radians(20)),
        near["dec"].value - field.sky(bright)[1],
    )
    found = near[np.argmin(apart)]
    assert apart.min() * 3600 < 0.1
    assert found["mag_r"].value == pytest.approx(22.5 - 2.5 * np.log10(500), abs=0.03)
    flags = plain(sample.hosts, "flags")
    assert (flags & int(ClumpFlag.HOST_IS_STAR) > 0).tolist() == [False, True]
    assert sample.read_starred(0)["r"].mask[y, x] & MaskBit.STAR
