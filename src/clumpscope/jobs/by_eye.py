"""`evaluate --by-eye`: candidates of runs for people to judge, and what they say of the runs."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.core.galaxy import ColourImage
from clumpscope.core.printable import printable
from clumpscope.core.records import BY_EYE, record_table
from clumpscope.core.schema import plain
from clumpscope.engine.local import Progress, silent
from clumpscope.errors import StoreError, TableError, expected_got
from clumpscope.files.regular import regular
from clumpscope.jobs.candidates import candidates
from clumpscope.ops.csv_cells import write_csv
from clumpscope.ops.host import host_centre, psf_fwhm_px
from clumpscope.ops.in_colour import in_colour
from clumpscope.ops.outline import outline_of
from clumpscope.plot.by_eye import Card, drawn, jpeg, page, save_png
from clumpscope.stages import by_eye as stage
from clumpscope.stages.by_eye import Answers, Judged, Result
from clumpscope.store.atomic import atomic, new_folder
from clumpscope.store.json_text import json_of
from clumpscope.store.judged import KEY, READERS, read_judged, role_names
from clumpscope.store.manifest import RunManifest, sha256_json
from clumpscope.store.run import Run
from clumpscope.store.sample import Sample
from clumpscope.store.tables import write_parquet

CLASSICAL = "classical finder"
RESULTS = "results"
_PAGE = 5  # cards of a picture
_RANDOM = 0.3  # random places to draw from, of the places to judge
_FOOT = "The place is in the middle between the ticks. Kinds: " + ", ".join(stage.KINDS)


@dataclass(frozen=True)
class Drawn:
    """What was drawn: places a stratum, the pool they are from, galaxies, and those left out."""

    strata: dict[str, int]
    pool: int
    galaxies: int
    left_out: int


def draw(
    runs: Sequence[Path],
    n: int,
    out: Path,
    recipe: Recipe,
    seed: int = 0,
    progress: Progress = silent,
) -> Drawn:
    """Draw ``n`` places from runs of one sample for people to judge, and make pages of them.

    ``OUT/readers`` is for readers; ``OUT/key.parquet``, which tells whose each number is, is not.
    The classical finder claims as many clumps as the run that claims most. Galaxies that failed in
    one of the runs, or whose image cannot be searched, are left out.

    Parameters
    ----------
    recipe
        How images are read and composites, outlines and the classical finder's clumps are made.

    Raises
    ------
    TableError
        If the runs are not of one sample, or ``n`` is too small.
    StoreError
        If a run cannot be read or ``out`` cannot be written.
    """
    stores = [Run(path) for path in runs]
    names, sample = _names(runs), _common(stores)
    new_folder(out)
    places = ceil(_RANDOM * n / len(sample))
    pool, searched = candidates(stores, sample, recipe, seed, places, progress)
    picked = stage.sampled(pool, n, np.random.default_rng([seed, 80]))
    ids = np.array(searched)[pool.galaxy[picked.rows]]
    xy, role = pool.xy[picked.rows], pool.role[picked.rows]
    columns = {
        "number": np.arange(1, len(ids) + 1),
        "galaxy_id": ids,
        **dict(zip("xy", xy.T, strict=True)),
        "stratum": picked.stratum,
        "probability": picked.probability,
    }
    key = record_table(BY_EYE, columns)
    for name, column in zip(role_names(len(names)), role.T, strict=True):
        key[name] = column.astype(np.int64)
    mark = sha256_json([ids.tolist(), np.round(xy, 3).tolist(), role.tolist(), seed])[:8]
    key.meta |= {"finders": names, "set": mark}
    write_parquet(key, out / KEY)
    _write_pages(out / READERS, key, sample, recipe, progress)
    RunManifest(
        command="evaluate",
        recipe=recipe.model_dump(mode="json"),
        seed=seed,
        inputs={name: str(path.resolve()) for name, path in zip(names, runs, strict=False)},
    ).write(out)
    counts = np.unique(picked.stratum, return_counts=True)
    strata = {str(name): int(count) for name, count in zip(*counts, strict=True)}
    return Drawn(strata, len(pool), len(searched), len(sample) - len(searched))


def read_answers(folder: Path, answers: Sequence[Path]) -> Result:
    """Judge the runs by readers' CSVs on the pages that `draw` made in ``folder``.

    Writes ``FOLDER/results``: all figures as JSON, the main ones as CSV, and the key with each
    reader's answers beside it.

    Raises
    ------
    TableError
        If there is no CSV, or one cannot be used; the message names the file and the line.
    StoreError
        If the key cannot be read or something cannot be written.
    """
    key = read_judged(folder / KEY)
    names = [printable(path.stem) for path in answers]
    if not names or len(set(names)) < len(names):
        raise TableError(expected_got("answers", "files of different names, a reader each", names))
    given = [_answers(path, len(key), key.meta["set"]) for path in answers]
    finders = tuple(key.meta["finders"])
    drawn = Judged(
        finders=finders,
        galaxy=plain(key, "galaxy_id").astype(str),
        role=np.column_stack([plain(key, name) for name in role_names(len(finders))]),
        probability=plain(key, "probability"),
    )
    result = stage.result(drawn, given)
    out = folder / RESULTS
    with atomic(out / "results.json") as temporary:
        temporary.write_text(json_of(stage.document(result)), encoding="utf-8")
    with atomic(out / "results.csv") as temporary, temporary.open("w", encoding="utf-8") as stream:
        write_csv(stream, stage.table(result))
    for one in given:
        key[f"kind {one.reader}"] = one.kind
        key[f"confidence {one.reader}"] = one.confidence
    write_parquet(key, out / "judged.parquet")
    return result


def _names(runs: Sequence[Path]) -> list[str]:
    """A name for each finder: of a run its folder's, or its path where that is not its own."""
    short = [path.resolve().name for path in runs]
    names = [
        str(path) if short.count(name) > 1 else name for path, name in zip(runs, short, strict=True)
    ]
    if len(set(names)) < len(names) or not names:
        raise TableError(expected_got("runs to compare", "one or more, each once", names))
    return [*names, CLASSICAL]


def _common(stores: Sequence[Run]) -> Sample:
    """The sample that all runs are of."""
    samples = [store.sample() for store in stores]
    first = samples[0].folder.resolve()
    for store, sample in zip(stores, samples, strict=True):
        if sample.folder.resolve() != first:
            what = f"sample of run {store.folder}"
            raise TableError(expected_got(what, f"{first}, as of the first", sample.folder))
    return samples[0]


def _write_pages(
    folder: Path, key: QTable, sample: Sample, recipe: Recipe, progress: Progress
) -> None:
    """Pages of cards, the page for a browser, the template and the instruction."""
    new_folder(folder)
    pictures = []
    for first in range(0, len(key), _PAGE):
        cards = []
        for row in range(first, min(first + _PAGE, len(key))):
            progress(1)
            cards.append(drawn(_card(key, row, sample, recipe)))
            pictures.append(base64.b64encode(jpeg(cards[-1])).decode())
        digits = len(str(ceil(len(key) / _PAGE)))
        save_png(page(cards, _FOOT), folder / f"page_{first // _PAGE + 1:0{digits}d}.png")
    mark = key.meta["set"]
    texts = {
        "judge.html": stage.html_page(pictures, mark),
        "answers.csv": stage.template(len(key), mark),
        "README.txt": stage.README,
    }
    for name, text in texts.items():
        with atomic(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _card(key: QTable, row: int, sample: Sample, recipe: Recipe) -> Card:
    """The card of a row of the key."""
    image = sample.galaxy(str(key["galaxy_id"][row]), recipe.sample, recipe.limits)
    if isinstance(image, ColourImage):
        rgb, wcs, known = image.pixels, None, not image.pixscale_assumed
    else:
        rgb, wcs, known = in_colour(image, recipe.composite), image.wcs, True
    return Card(
        number=row + 1,
        rgb=rgb,
        wcs=wcs,
        outline=outline_of(image, recipe.refine),
        xy=np.array([plain(key, axis)[row] for axis in "xy"]),
        host_xy=host_centre(image),
        fwhm_px=psf_fwhm_px(image),
        pixscale_arcsec=image.pixscale_arcsec,
        scale_known=known,
    )


def _answers(path: Path, count: int, mark: str) -> Answers:
    try:
        text = regular(path, TableError).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TableError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise TableError(expected_got(path, "text in UTF-8", f"others ({error})")) from error
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
    return stage.answers(text, str(path), printable(path.stem), count, mark)
