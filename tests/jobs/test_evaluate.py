"""Runs against truth: counted again by brute force, beside a baseline, side by side."""

import json
import shutil
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from clumpscope.config.recipe import Recipe
from clumpscope.core.frames import boxes_native_to_fraction
from clumpscope.core.records import CORNERS, LABELS, record_table
from clumpscope.core.schema import plain
from clumpscope.engine.local import silent
from clumpscope.errors import ImageError, RecipeError, StoreError, TableError
from clumpscope.jobs.baselines import baseline_catalogues
from clumpscope.jobs.evaluate import evaluate
from clumpscope.stages.detect.baselines import FINDERS
from clumpscope.stages.evaluate.halves import half
from clumpscope.stages.evaluate.scores import Evaluation
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
    results = evaluate(
        [run],
        oblong / "truth.parquet",
        RECIPE,
        baselines=tuple(FINDERS),
        bootstraps=20,
        progress=told.append,
    )
    assert sum(told) == 2 * 8
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
@pytest.mark.parametrize("kind", ["normal", "any_label"])
def test_counts_are_those_of_a_loop_over_pairs(oblong: Path, judged, ratio, kind) -> None:
    run, results = judged
    found = results["run"].at(ratio, kind)
    shares = (found.completeness.k, found.completeness.n, found.purity.k, found.purity.n)
    catalogue = read_parquet(run / "catalogue.parquet")
    assert list(shares) == counted(oblong, catalogue, ratio, kind == "normal")
    assert ratio > 0.03 or min(shares) > 5


@pytest.mark.parametrize("name", ["sep", "sattari"])
def test_a_baseline_is_cut_at_what_other_galaxies_choose(oblong: Path, judged, name: str) -> None:
    """Its threshold has nothing to do with the run: each half's is the best one of the other."""
    _, results = judged
    result = results[name]
    sample = Sample.open(oblong)
    every = baseline_catalogues(sample, RECIPE, [name], workers=1, progress=silent)[name]
    first = half(result.cases.ids.tolist())
    assert 0 < first.sum() < 8
    for part in (first, ~first):
        assert len(set(result.threshold[part])) == 1
    least = dict(zip(result.cases.ids.tolist(), result.threshold.tolist(), strict=True))
    left = every[[row["clump_score"] >= least[row["galaxy_id"]] for row in every]]
    found = result.at(0.03)
    shares = [found.completeness.k, found.completeness.n, found.purity.k, found.purity.n]
    assert shares == counted(oblong, left, 0.03, True)


def test_everything_is_written(oblong: Path, judged) -> None:
    run, results = judged
    out = run / "evaluation"
    assert {path.name for path in out.iterdir()} == {
        *("metrics.json", "curves.parquet", "found.parquet", "truth.parquet", "manifest.json"),
        *("completeness_purity.png", "summary.txt", "summary.md", "summary.tex"),
    }
    figures = json.loads((out / "metrics.json").read_text())
    assert list(figures["finders"]) == list(results) == ["run", *FINDERS]
    share = results["run"].at(0.03).completeness
    assert figures["finders"]["run"]["normal"]["3pct"]["completeness"] == vars(share)
    assert (figures["galaxies"], figures["bootstraps"], figures["headline"]) == (8, 20, "3pct")
    # Simulated clumps have boxes, too; a classical finder's say nothing.
    assert 0.1 < figures["finders"]["run"]["coco"]["mean"]["ap50"] < 1
    assert figures["finders"]["run"]["coco"]["f1_at"]["0.1"]["value"] > 0
    assert figures["finders"]["sep"]["coco"] is None
    apart = figures["differences"][0]
    assert (apart["first"], apart["second"], apart["flux_ratio"]) == ("run", "sep", "all")
    shares = [results[one].at(0).purity.value for one in ("run", "sep")]
    assert apart["purity"]["value"] == pytest.approx(shares[0] - shares[1])
    curves = read_parquet(out / "curves.parquet")
    assert set(curves["finder"]) == {"run", *FINDERS}
    found, true = (read_parquet(out / f"{name}.parquet") for name in ("found", "truth"))
    mine = found[found["finder"] == "run"]
    catalogue = read_parquet(run / "catalogue.parquet")
    assert mine["clump_id"].tolist() == catalogue["clump_id"].tolist()
    assert mine["p_clump"] == pytest.approx(plain(catalogue, "p_clump"))
    share = results["run"].at(0.03, "any_label").completeness
    wanted = true[(true["finder"] == "run") & (true["flux_ratio"] >= 0.03)]
    assert [np.isfinite(wanted["score"]).sum(), len(wanted)] == [share.k, share.n]
    # Of images, since the truth has fluxes.
    assert np.isfinite(true["snr"]).all()
    assert "≥ 3 %" in (out / "summary.md").read_text()
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
    assert list(evaluate([run], truth, RECIPE, baselines=())) == ["run"]
    figures = json.loads((run / "evaluation" / "metrics.json").read_text())
    assert list(figures["finders"]) == ["run"]
    with pytest.raises(StoreError, match="its sample where it was"):
        evaluate([run], truth, RECIPE)


def test_runs_side_by_side(oblong: Path, oblong_run: Path, tmp_path: Path) -> None:
    """Over the galaxies that both have; differences come from the same resamplings."""
    other = Path(shutil.copytree(oblong_run, tmp_path / "less"))
    catalogue, galaxies = (read_parquet(other / f"{n}.parquet") for n in ("catalogue", "galaxies"))
    gone = str(galaxies["galaxy_id"][2])
    best = plain(catalogue, "clump_score") >= np.median(plain(catalogue, "clump_score"))
    write_parquet(catalogue[best & (catalogue["galaxy_id"] != gone)], other / "catalogue.parquet")
    write_parquet(galaxies[galaxies["galaxy_id"] != gone][::-1], other / "galaxies.parquet")
    truth, out = oblong / "truth.parquet", tmp_path / "both"
    results = evaluate([oblong_run, other], truth, RECIPE, out=out, baselines=(), bootstraps=50)
    assert list(results) == [oblong_run.name, "less"]
    first, second = results.values()
    assert gone not in first.cases.ids
    assert first.cases.ids.tolist() == second.cases.ids.tolist()
    figures = json.loads((out / "metrics.json").read_text())
    assert figures["galaxies"] == 7
    apart = figures["differences"][0]["completeness"]
    assert apart["value"] > 0
    drawn = [one.replicates["normal", 0].completeness[:, 0] for one in (first, second)]
    assert apart["low"] == pytest.approx(np.nanpercentile(drawn[0] - drawn[1], 15.8655), rel=1e-4)
    with pytest.raises(StoreError, match="a folder --out"):
        evaluate([oblong_run, other], truth, RECIPE, baselines=())
    with pytest.raises(StoreError, match="different ones"):
        evaluate([oblong_run, oblong_run], truth, RECIPE, out=out, baselines=())


def test_labels_are_truths_without_fluxes(oblong: Path, oblong_run: Path, tmp_path: Path) -> None:
    """Boxes about true clumps, or their sky positions, are matched as the clumps are."""
    sample, true = Sample.open(oblong), read_parquet(oblong / "truth.parquet")
    box = []
    for row in true:
        shape = sample.grid(sample.index(str(row["galaxy_id"])), RECIPE.sample).shape
        x, y = row["x"].value, row["y"].value
        corners = [[x - 3, y - 3, x + 3, y + 3]]
        box.append(boxes_native_to_fraction(corners, shape)[0])
    columns = dict(zip(CORNERS, np.transpose(box), strict=True))
    labels = {"galaxy_id": true["galaxy_id"], "label": true["label"]}
    places = {"ra": plain(true, "ra"), "dec": plain(true, "dec")}
    blank = dict.fromkeys(CORNERS, np.full(len(true), np.nan))
    plain_truth = true.copy()
    plain_truth["flux_ratio_u"] = np.nan
    write_parquet(plain_truth, tmp_path / "truth.parquet")
    results = []
    for name, table in (
        ("truth", None),
        ("boxes", record_table(LABELS, labels | columns)),
        ("places", record_table(LABELS, labels | places | blank)),
    ):
        path = tmp_path / f"{name}.parquet"
        if table is not None:
            write_parquet(table, path)
        one = evaluate([oblong_run], path, RECIPE, out=tmp_path / name, baselines=())
        results.append(one[oblong_run.name])
    scores = [(one.at(0).completeness, one.at(0).purity) for one in results]
    assert scores[0] == scores[1] == scores[2]
    assert scores[0][0].k > 5
    assert results[1].least == 0
    assert results[1].cases.truth.xy == pytest.approx(results[0].cases.truth.xy)
    assert results[2].cases.truth.xy == pytest.approx(results[0].cases.truth.xy, abs=0.01)


def test_truth_of_other_galaxies_is_an_error(oblong: Path, oblong_run: Path, tmp_path) -> None:
    truth = read_parquet(oblong / "truth.parquet")
    truth["galaxy_id"] = [f"x{name}" for name in truth["galaxy_id"]]
    write_parquet(truth, tmp_path / "truth.parquet")
    with pytest.raises(TableError, match="truth: expected galaxies of the run"):
        evaluate([oblong_run], tmp_path / "truth.parquet", RECIPE, baselines=())
    assert not (oblong_run / "evaluation").exists()


def test_a_truth_of_too_many_clumps_in_a_galaxy(judged, oblong: Path, tmp_path: Path) -> None:
    run, _ = judged
    truth = read_parquet(oblong / "truth.parquet")
    many = tmp_path / "truth.parquet"
    write_parquet(truth[np.zeros(501, dtype=int)], many)
    with pytest.raises(
        ImageError, match=r"truth\.parquet: clumps of galaxy .*: expected at most 500"
    ):
        evaluate([run], many, RECIPE, baselines=())


@pytest.mark.parametrize("place", ["sample", "run", "file"])
def test_only_an_evaluation_is_replaced(
    oblong: Path, oblong_run: Path, tmp_path: Path, place: str
) -> None:
    """Not a sample, whose truth has the name of what is written, nor a run."""
    folders = {"sample": oblong, "run": oblong_run, "file": tmp_path / "file"}
    (tmp_path / "file").write_text("mine")
    truth = oblong / "truth.parquet"
    before = truth.read_bytes(), (oblong_run / "manifest.json").read_bytes()
    with pytest.raises(StoreError, match=r"new or empty folder|a place in a folder"):
        evaluate([oblong_run], truth, RECIPE, out=folders[place], baselines=())
    assert before == (truth.read_bytes(), (oblong_run / "manifest.json").read_bytes())
    again = tmp_path / "again"
    for _ in range(2):
        evaluate([oblong_run], truth, RECIPE, out=again, baselines=(), bootstraps=0)


def test_runs_of_other_samples_are_refused(oblong: Path, oblong_run: Path, tmp_path) -> None:
    """Their galaxies may have the same names."""
    other = Path(shutil.copytree(oblong_run, tmp_path / "other"))
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["inputs"] |= {"sample": str(tmp_path / "elsewhere"), "sample_key": "another"}
    (other / "manifest.json").write_text(json.dumps(manifest))
    truth = oblong / "truth.parquet"
    with pytest.raises(TableError, match=r"sample of .*other: expected"):
        evaluate([oblong_run, other], truth, RECIPE, out=tmp_path / "out", baselines=())


def test_an_unknown_finder_is_told_before_any_work(oblong: Path, oblong_run: Path, tmp_path):
    told: list[int] = []
    with pytest.raises(RecipeError, match="--baseline: expected sep, peaks"):
        evaluate(
            [oblong_run], oblong / "truth.parquet", RECIPE, out=tmp_path / "out",
            baselines=("sap",), progress=told.append,
        )  # fmt: skip
    assert not told


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("label", 99, "label: expected 1 or 2, got 99"),
        ("x", np.nan, "x: expected pixels of an image, got nan"),
        ("y", 1e300, "y: expected pixels of an image, got 1e"),
        ("flux_ratio_u", -1.0, "flux_ratio_u: expected 0 or more, got -1"),
        ("flux_ratio_u", np.inf, "flux_ratio_u: expected 0 or more, got inf"),
    ],
)
def test_truths_that_cannot_be(oblong, oblong_run, tmp_path, column, value, expected) -> None:
    truth = read_parquet(oblong / "truth.parquet")
    truth[column][2] = value * (truth[column].unit or 1)
    write_parquet(truth, tmp_path / "truth.parquet")
    with pytest.raises(TableError, match=rf"truth\.parquet, row 3 \(.*\): {expected}"):
        evaluate(
            [oblong_run], tmp_path / "truth.parquet", RECIPE, out=tmp_path / "out", baselines=()
        )


def test_a_baseline_knows_nothing_of_the_run_s_threshold(oblong, oblong_run, tmp_path) -> None:
    found = []
    for least in (0.1, 0.9):
        run = Path(shutil.copytree(oblong_run, tmp_path / f"run{least}"))
        galaxies = read_parquet(run / "galaxies.parquet")
        galaxies["score_threshold"] = least
        write_parquet(galaxies, run / "galaxies.parquet")
        results = evaluate([run], oblong / "truth.parquet", RECIPE, bootstraps=0)
        found.append(results["sep"])
    assert found[0].threshold.tolist() == found[1].threshold.tolist()
    assert repr(found[0].curve) == repr(found[1].curve)  # NaN is NaN
