"""A run against truth: counted again by brute force, and beside a baseline of as many claims."""

import json
import shutil
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from clumpscope.config.recipe import Recipe
from clumpscope.core.schema import plain
from clumpscope.errors import ImageError, StoreError, TableError
from clumpscope.jobs.evaluate import baseline_catalogue, evaluate
from clumpscope.stages.evaluate.scores import Evaluation
from clumpscope.stages.evaluate.tables import claims
from clumpscope.store.images import read_galaxy
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.sample import Sample
from clumpscope.store.tables import read_parquet, write_parquet

RECIPE = Recipe(seed=5)


@pytest.fixture(scope="module")
def judged(
    oblong: Path, oblong_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Evaluation]]:
    """A copy of `oblong_run`, evaluated; not to be changed by a test."""
    run = Path(shutil.copytree(oblong_run, tmp_path_factory.mktemp("judged") / "run"))
    told: list[int] = []
    results = evaluate(run, oblong / "truth.parquet", RECIPE, progress=told.append)
    assert told == [1] * 8
    return run, results


def counted(sample: Path, catalogue, ratio: float, normal_only: bool) -> list[int]:
    """Found and all true clumps, right and all claims: loops over pairs, from the files alone."""
    truth, counts = read_parquet(sample / "truth.parquet"), np.zeros(4, dtype=int)
    for galaxy_id in read_parquet(sample / "hosts.parquet")["galaxy_id"]:
        width = fits.getheader(sample / "images" / f"{galaxy_id}.fits", "r")["PSFFWHM"] / 0.396
        true = [
            [row["x"].value, row["y"].value, row["flux_ratio_u"], row["label"]]
            for row in truth[truth["galaxy_id"] == galaxy_id]
        ]
        while True:  # join the first two that are closer than a PSF-FWHM, until there are none
            near = [
                (a, b)
                for a, b in product(range(len(true)), repeat=2)
                if a < b and np.hypot(true[a][0] - true[b][0], true[a][1] - true[b][1]) < width
            ]
            if not near:
                break
            a, b = near[0]
            one, two = true[a], true.pop(b)
            share = two[2] / (one[2] + two[2])
            # The brighter of the two is not always that of the group; here it is.
            label = one[3] if one[2] >= two[2] else two[3]
            middle = [one[k] + share * (two[k] - one[k]) for k in (0, 1)]
            true[a] = [*middle, one[2] + two[2], label]
        seen = [
            [row["clump_centre_px_x"].value, row["clump_centre_px_y"].value]
            + [row["clump_flux_ratio"], row["clump_label_id"], row["clump_score"]]
            for row in catalogue[catalogue["galaxy_id"] == galaxy_id]
        ]
        if normal_only:
            true = [one for one in true if one[3] == 1]
            seen = [one for one in seen if one[3] == 1]
        free = list(range(len(true)))
        counts += [0, sum(one[2] >= ratio for one in true), 0, sum(o[2] >= ratio for o in seen)]
        for one in sorted(seen, key=lambda item: -item[4]):
            apart = {k: np.hypot(one[0] - true[k][0], one[1] - true[k][1]) for k in free}
            if not apart or min(apart.values()) >= 0.75 * width:
                continue
            k = min(apart, key=lambda item: apart[item])
            free.remove(k)
            counts += [true[k][2] >= ratio, 0, one[2] >= ratio and true[k][2] >= 0.01, 0]
    return counts.tolist()


@pytest.mark.parametrize("ratio", [0.03, 0.08])
@pytest.mark.parametrize("name", ["at", "any_label"])
def test_counts_are_those_of_a_loop_over_pairs(oblong: Path, judged, ratio, name) -> None:
    run, results = judged
    found = getattr(results["detector"], name)[ratio]
    shares = (found.completeness.k, found.completeness.n, found.purity.k, found.purity.n)
    catalogue = read_parquet(run / "catalogue.parquet")
    assert list(shares) == counted(oblong, catalogue, ratio, name == "at")
    assert ratio > 0.03 or min(shares) > 5


def test_the_baseline_makes_as_many_claims_as_the_run(
    oblong: Path, oblong_run: Path, tmp_path: Path
) -> None:
    """Of a run that makes three, it keeps what scores at least as well as its own third one."""
    run = Path(shutil.copytree(oblong_run, tmp_path / "run"))
    catalogue = read_parquet(run / "catalogue.parquet")
    write_parquet(catalogue[np.cumsum(claims(catalogue)) <= 3], run / "catalogue.parquet")
    results = evaluate(run, oblong / "truth.parquet", RECIPE)
    every = baseline_catalogue(Sample.open(oblong), RECIPE, lambda _: None)
    claimed = np.sort(plain(every, "clump_score")[claims(every)])[::-1]
    assert len(claimed) > 4
    left = every[plain(every, "clump_score") >= claimed[2]]
    found = results["baseline"].at[0.03]
    shares = [found.completeness.k, found.completeness.n, found.purity.k, found.purity.n]
    assert shares == counted(oblong, left, 0.03, True)
    assert found.purity.n == results["detector"].at[0.03].purity.n == 3


def test_the_baseline_finds_peaks_where_they_are(oblong: Path) -> None:
    """Its positions are pixels of the images: there is more light than beside them."""
    sample = Sample.open(oblong)
    told: list[int] = []
    found = baseline_catalogue(sample, RECIPE, told.append)
    assert told == [1] * 8
    assert len(set(found["galaxy_id"])) > 5
    brighter = []
    for index, galaxy_id in enumerate(sample.ids):
        g = read_galaxy(sample.paths[index])["g"].data
        mine = found[found["galaxy_id"] == galaxy_id]
        at = np.column_stack([plain(mine, f"clump_centre_px_{axis}") for axis in "yx"])
        assert (at > -0.5).all()
        assert (at < np.array(g.shape) - 0.5).all()
        for row, col in np.rint(at).astype(int):
            near = g[max(row - 4, 0) : row + 5, max(col - 4, 0) : col + 5]
            brighter.append(g[row, col] > np.median(near))
    assert np.mean(brighter) > 0.9


def test_everything_is_written(oblong: Path, judged) -> None:
    run, results = judged
    out = run / "evaluation"
    assert {path.name for path in out.iterdir()} == {
        *("metrics.json", "curves.parquet", "completeness_purity.png", "manifest.json")
    }
    figures = json.loads((out / "metrics.json").read_text())
    assert list(figures) == list(results) == ["detector", "baseline"]
    share = results["detector"].at[0.03].completeness
    assert figures["detector"]["benchmark_3pct"]["completeness"] == vars(share)
    curves = read_parquet(out / "curves.parquet")
    assert set(curves["finder"]) == {"detector", "baseline"}
    manifest = RunManifest.read(out)
    assert (manifest.command, manifest.model) == ("evaluate", RunManifest.read(run).model)
    assert manifest.inputs == {
        "run": str(run.resolve()),
        "truth_sha256": sha256_file(oblong / "truth.parquet"),
    }
    assert Recipe.model_validate(manifest.recipe) == RECIPE


def test_without_a_baseline_no_image_is_read(oblong: Path, oblong_run: Path, tmp_path) -> None:
    run = Path(shutil.copytree(oblong_run, tmp_path / "run"))
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["inputs"]["sample"] = str(tmp_path / "gone")
    (run / "manifest.json").write_text(json.dumps(manifest))
    truth = oblong / "truth.parquet"
    assert list(evaluate(run, truth, RECIPE, with_baseline=False)) == ["detector"]
    assert list(json.loads((run / "evaluation" / "metrics.json").read_text())) == ["detector"]
    with pytest.raises(StoreError, match="its sample where it was"):
        evaluate(run, truth, RECIPE)


def test_galaxies_that_cannot_be_read_have_no_baseline_clumps(oblong: Path, tmp_path) -> None:
    folder = Path(shutil.copytree(oblong, tmp_path / "sample"))
    sample = Sample.open(folder)
    sample.paths[1].write_text("no image")
    every = baseline_catalogue(Sample.open(oblong), RECIPE, lambda _: None)
    left = baseline_catalogue(Sample.open(folder), RECIPE, lambda _: None)
    there = every["galaxy_id"] != sample.ids[1]
    assert 0 < there.sum() < len(every)
    assert list(left["clump_score"]) == list(every["clump_score"][there])


def test_truth_of_other_galaxies_is_an_error(oblong: Path, oblong_run: Path, tmp_path) -> None:
    truth = read_parquet(oblong / "truth.parquet")
    truth["galaxy_id"] = [f"x{name}" for name in truth["galaxy_id"]]
    write_parquet(truth, tmp_path / "truth.parquet")
    with pytest.raises(TableError, match="truth: expected galaxies of the run"):
        evaluate(oblong_run, tmp_path / "truth.parquet", RECIPE, with_baseline=False)
    assert not (oblong_run / "evaluation").exists()


def test_a_truth_of_too_many_clumps_in_a_galaxy(judged, oblong: Path, tmp_path: Path) -> None:
    run, _ = judged
    truth = read_parquet(oblong / "truth.parquet")
    many = tmp_path / "truth.parquet"
    write_parquet(truth[np.zeros(501, dtype=int)], many)
    with pytest.raises(
        ImageError, match=r"truth\.parquet: clumps of galaxy .*: expected at most 500"
    ):
        evaluate(run, many, RECIPE, with_baseline=False)
