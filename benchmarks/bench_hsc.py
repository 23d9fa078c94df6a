"""HSC without retraining: what the shipped models find there, and what is measured.

Prints how far simulated clumps' colours and magnitudes are from real ones, with the preset of
recipes/hsc.toml and without its prior; completeness, purity and kinds on simulated HSC galaxies and
on their twins as SDSS sees them; fluxes of clumps injected into clumpless simulated hosts and into
a real spiral, and the share of those found that are called normal. Draws Figures 19 and 27 to 29
of the twins, and the colours. Real data are looked for in ../shared/data.

    python benchmarks/bench_hsc.py [--galaxies N] [--work DIR]
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from hsc_figures import colours_figure, twins_figures
from hsc_real import (
    BANDS,
    HSC,
    SIDE_ARCSEC,
    Values,
    clump_in_spiral,
    measured,
    read,
    real_clumps,
    simulated_clumps,
    spiral,
)
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp

import clumpscope
from clumpscope.config.recipe import Recipe, load_recipe
from clumpscope.config.run import DetectConfig, MeasureConfig, SampleConfig
from clumpscope.config.simulate import HostsConfig
from clumpscope.core.galaxy import GalaxyImage
from clumpscope.core.schema import plain, rows_by_id
from clumpscope.engine.local import default_workers
from clumpscope.jobs.run import run
from clumpscope.jobs.simulate import simulate
from clumpscope.ops.host import psf_fwhm_px
from clumpscope.ops.shares import Share
from clumpscope.stages.evaluate.scores import Evaluation, evaluate
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample

RECIPES = Path(__file__).parents[1] / "recipes"
SEED = 7101
MODELS = ("clumpscope-native", "clumpscope-psf")
LEAST_SNR, APART_FWHM = 10.0, 3.0
INTO_SPIRAL = 40
HOST_G_I, BLUER = 0.75, 0.4  # of the spiral; what a blue clump is bluer by at least, mag
MATCH_FWHM = 0.75
# mag a band, beyond the errors' own: what makes neighbouring colours of real clumps anticorrelate.
PHOTOMETRIC_SCATTER = [0.20, 0.40, 0.10, 0.34, 0.37]
FAINTEST_G = 25.2  # of nearly all real clumps


def preset(name: str, *, prior: bool = True, hosts: bool = True, **clumps: object) -> Recipe:
    """A preset with this benchmark's seed, without its clumps' colours, or with SDSS's hosts."""
    recipe = load_recipe(RECIPES / f"{name}.toml")
    settings = recipe.simulate
    said = settings.clumps.model_copy(update=clumps)
    if not prior:
        said = said.model_copy(update={"colours": {}})
    changed = {"clumps": said} | ({} if hosts else {"hosts": HostsConfig()})
    return recipe.model_copy(
        update={
            "seed": SEED,
            "simulate": settings.model_copy(update=changed),
            "measure": MeasureConfig(bands=settings.observe.bands),
            "detect": DetectConfig(),
        }
    )


def made(folder: Path, galaxies: int, recipe: Recipe, **given: Path) -> Sample:
    """A simulated sample, made unless it is there."""
    if not folder.exists():
        simulate(folder, galaxies, recipe, default_workers(), **given)
    return Sample.open(folder)


def colours(work: Path, galaxies: int) -> None:
    """How far simulated clumps' colours and magnitudes are from real ones."""
    there = bright(real_clumps())
    sets = {"real": there}
    print(f"colours, real: {len(there)} clumps, medians {medians(there)}", flush=True)
    before = preset("hsc", prior=False, hosts=False)
    for name, recipe in (("before", before), ("preset", preset("hsc"))):
        clumps = bright(simulated_clumps(made(work / f"colours-{name}", galaxies, recipe)))
        sets[name] = clumps
        rng = np.random.default_rng(SEED)
        seen = clumps + rng.normal(0, PHOTOMETRIC_SCATTER, clumps.shape)
        print(
            f"colours, {name}: {len(clumps)} clumps, medians {medians(clumps)}; KS distance "
            f"{distances(clumps, there)}, with scatter as of real photometry "
            f"{distances(seen, there)}, of g {ks_2samp(clumps[:, 0], there[:, 0]).statistic:.2f}",
            flush=True,
        )
    colours_figure(sets, work / "colours.png")


def bright(clumps: Values) -> Values:
    """Those within the real ones' limit."""
    return clumps[clumps[:, 0] < FAINTEST_G]


def medians(clumps: Values) -> list[float]:
    """Of each colour."""
    return np.median(-np.diff(clumps, axis=1), axis=0).round(2).tolist()


def distances(one: Values, other: Values) -> list[float]:
    """KS distance of each colour."""
    pairs = zip(np.diff(one, axis=1).T, np.diff(other, axis=1).T, strict=True)
    return [round(float(ks_2samp(*pair).statistic), 2) for pair in pairs]


def judged(sample: Sample, out: Path, model: str, recipe: Recipe) -> Evaluation:
    """A model's run against the truth."""
    if not out.exists():
        run(sample.folder, out, recipe, model=model, workers=default_workers())
    done = Run(out)
    return evaluate(done.read("catalogue"), done.read("galaxies"), sample.truth())


def said(share: Share) -> str:
    """A share, and of how many."""
    return f"{share.value:.3f} of {share.n}"


def twins(work: Path, galaxies: int) -> None:
    """Both models on the same galaxies, as HSC and as SDSS see them."""
    deep_recipe, recipe = preset("hsc", hosts=False, prior=False), preset("sdss")
    deep = made(work / "hsc", galaxies, deep_recipe)
    near = made(work / "sdss", galaxies, recipe, twins_of=deep.folder)
    as_sdss = deep_recipe.model_copy(update={"detect": DetectConfig(as_sdss=True)})
    for model in MODELS:
        for name, sample, settings in (
            ("sdss", near, recipe),
            ("hsc", deep, as_sdss),
            ("hsc, not as_sdss", deep, deep_recipe),
        ):
            if model == MODELS[1] and settings is as_sdss:
                continue  # looks at no composite
            short = name.replace(", ", "-").replace(" ", "-")
            result = judged(sample, work / f"run-{model}-{short}", model, settings)
            every, three = result.at(0.0), result.at(0.03)
            normal, odd = result.kinds["normal"], result.kinds["odd"]
            print(
                f"{model}, {name}: completeness {said(every.completeness)}, purity "
                f"{said(every.purity)}; at 3 % {said(three.completeness)}, {said(three.purity)}; "
                f"kinds right: normal {said(normal)}, odd {said(odd)}",
                flush=True,
            )
    of_model = {model: work / f"run-{model}" for model in MODELS}
    ends = {MODELS[0]: "-hsc", MODELS[1]: "-hsc-not-as_sdss"}
    runs = {
        model: (Path(f"{stem}-sdss"), Path(f"{stem}{ends[model]}"))
        for model, stem in reversed(of_model.items())
    }
    twins_figures(near, runs, work)


def into_hosts(work: Path, galaxies: int) -> None:
    """Clumps injected into simulated HSC galaxies without any: fluxes, found, kinds."""
    bare = made(work / "bare", galaxies, preset("hsc", clumpless_share=1.0, resolved_share=0.0))
    given = {"clumpless_share": 0.0, "mean": 3.0, "flux_ratio_u": (0.02, 0.3), "cutoff": 0.3}
    recipe = preset("hsc", **given, resolved_share=0.0)
    sample = made(work / "injected", galaxies, recipe, hosts=bare.folder)
    truth = sample.truth()
    rows_of, ratios = rows_by_id(truth), {band: [] for band in BANDS}
    xy = np.column_stack([plain(truth, "x"), plain(truth, "y")])
    true = np.array([plain(truth, f"flux_{band}") for band in BANDS]).T
    for index, galaxy_id in enumerate(sample.ids):
        rows = np.array(rows_of.get(galaxy_id, []), dtype=int)
        image = sample.read(index, SampleConfig())
        rows = rows[plain(truth, "label")[rows] == 1]
        if not len(rows) or not isinstance(image, GalaxyImage):
            continue
        apart = cdist(xy[rows], xy[rows]) + np.diag(np.full(len(rows), np.inf))
        rows = rows[apart.min(axis=1) > APART_FWHM * psf_fwhm_px(image)]
        found = measured(image, xy[rows])
        for k, band in enumerate(BANDS):
            good = true[rows, k] / found.flux_err[:, k] > LEAST_SNR
            ratios[band] += (found.flux[good, k] / true[rows, k][good]).tolist()
    print(
        "injected into simulated HSC hosts, measured / true: "
        + ", ".join(
            f"{band} {np.nanmedian(values):.3f} of {len(values)}" for band, values in ratios.items()
        ),
        flush=True,
    )
    for as_sdss in (False, True):
        settings = recipe.model_copy(update={"detect": DetectConfig(as_sdss=as_sdss)})
        result = judged(sample, work / f"run-injected-{as_sdss}", MODELS[0], settings)
        normal = result.kinds["normal"]
        blue, found, right = blue_ones(sample, work / f"run-injected-{as_sdss}")
        print(
            f"  {MODELS[0]}, as_sdss {as_sdss}: kind right {said(normal)}; of {blue} bluer than "
            f"their host by {BLUER} mag in g - i {found} found, {right} called normal",
            flush=True,
        )


def blue_ones(sample: Sample, out: Path) -> tuple[int, int, int]:
    """How many normal truths are bluer than their host, found, and called normal."""
    truth, catalogue, hosts = sample.truth(), Run(out).read("catalogue"), sample.hosts
    of_host = plain(hosts, "petro_flux_i") / plain(hosts, "petro_flux_g")
    ratio = plain(truth, "flux_i") / plain(truth, "flux_g")
    xy = np.column_stack([plain(truth, "x"), plain(truth, "y")])
    there = np.column_stack([plain(catalogue, f"clump_centre_px_{axis}") for axis in "xy"])
    kind, rows_of = plain(catalogue, "clump_label_id"), rows_by_id(catalogue)
    counted = np.zeros(3, dtype=int)
    for galaxy_id, rows in rows_by_id(truth).items():
        row = sample.ids.index(galaxy_id)
        bluer = -2.5 * np.log10(ratio[rows] / of_host[row]) > BLUER
        mine = np.array(rows)[bluer & (plain(truth, "label")[rows] == 1)]
        counted[0] += len(mine)
        claims = np.array(rows_of.get(galaxy_id, []), dtype=int)
        if not len(mine) or not len(claims):
            continue
        apart = cdist(xy[mine], there[claims])
        near = apart.min(axis=1) < MATCH_FWHM * psf_fwhm_px(sample.read(row, SampleConfig()))
        counted[1] += near.sum()
        counted[2] += (kind[claims[apart.argmin(axis=1)]][near] == 1).sum()
    return tuple(counted.tolist())


def into_spiral(work: Path) -> None:
    """Clumps injected into the real spiral, one at a time: fluxes, found, kinds."""
    folder = work / "spiral"
    sample = Sample.open(folder) if folder.exists() else spiral(folder)
    image, rng = read(sample), np.random.default_rng(SEED)
    prior = preset("hsc").simulate.clumps.colours
    mean, scatter = np.array(list(prior.values())).T
    cases = [
        clump_in_spiral(image, rng, share, rng.normal(mean, scatter))
        for share in np.geomspace(0.03, 0.12, INTO_SPIRAL)
    ]
    ratio = np.array(
        [(measured(new, xy).flux - measured(image, xy).flux)[0] / flux for new, xy, flux in cases]
    )
    print(
        f"injected into the real spiral ({SIDE_ARCSEC:g} arcsec), measured more / true: "
        + ", ".join(
            f"{band} {value:.3f}"
            for band, value in zip(BANDS, np.median(ratio, axis=0), strict=True)
        )
        + f", 16 to 84 % in g {np.percentile(ratio[:, 0], [16, 84]).round(3).tolist()}",
        flush=True,
    )
    colour = np.array([2.5 * np.log10(flux[2] / flux[0]) for _, _, flux in cases])
    blue = colour < HOST_G_I - BLUER
    for model in MODELS:
        for as_sdss in (False, True) if model == MODELS[0] else (False,):
            recipe = Recipe(detect=DetectConfig(as_sdss=as_sdss))
            look = partial(_called, model=model, recipe=recipe)
            kinds = np.array([look(new, xy) for new, xy, _ in cases])
            own = sum(look(image, xy) > 0 for _, xy, _ in cases)
            right = ", ".join(
                f"{np.sum(kinds[those] == 1)} of {np.sum(kinds[those] > 0)} found"
                for those in (blue, ~blue)
            )
            print(
                f"  {model}, as_sdss {as_sdss}: called normal of {blue.sum()} blue ones and of "
                f"{(~blue).sum()} as red as the host: {right}; without them something is found at "
                f"{own} of the places",
                flush=True,
            )


def _called(image: GalaxyImage, xy: Values, model: str, recipe: Recipe) -> int:
    """What a model calls a clump at a place; 0 where it finds none."""
    boxes = clumpscope.detect(image, model=model, recipe=recipe)
    found = clumpscope.refine(image, boxes, model=model, recipe=recipe)
    if not len(found):
        return 0
    apart = cdist(xy, found.xy)[0]
    near = int(np.argmin(apart))
    return int(found.label[near]) if apart[near] < MATCH_FWHM * psf_fwhm_px(image) else 0


def main() -> None:
    """Simulate, run, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--galaxies", type=int, default=80)
    parser.add_argument("--work", type=Path, default=Path(tempfile.mkdtemp()))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if HSC.is_dir():
        colours(options.work, options.galaxies)
        into_spiral(options.work)
    else:
        print(f"no real HSC: {HSC} is not there")
    twins(options.work, options.galaxies)
    into_hosts(options.work, options.galaxies)
    print(f"figures and samples in {options.work}")


if __name__ == "__main__":
    main()
