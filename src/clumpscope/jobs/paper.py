"""Every table and figure of Popp et al. 2024 that the cells of an experiment allow."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable, Table, vstack

from clumpscope.core.clump_columns import RATIOS
from clumpscope.errors import TableError, expected_got, reason
from clumpscope.jobs import paper_pictures as pictures
from clumpscope.jobs.results import Found
from clumpscope.ops.shares import Score
from clumpscope.plot.paper import curves, populations
from clumpscope.plot.paper.pictures import pictures as draw_pictures
from clumpscope.plot.paper.style import save_both, style
from clumpscope.stages.experiment import label_tables, model_tables
from clumpscope.stages.experiment import populations as people
from clumpscope.stages.experiment.captions import FIGURES, TABLES
from clumpscope.stages.experiment.index import Entry, index_html, index_markdown
from clumpscope.stages.experiment.shares import (
    BINS,
    against_ratio,
    against_score,
    against_size,
    thresholds_from,
)
from clumpscope.stages.experiment.words import in_words
from clumpscope.store.summaries import write_summary
from clumpscope.store.texts import write_table, write_text

_LONG = 5000  # rows, above which the numbers behind a figure are Parquet
Maker = Callable[[Found], tuple[Table, Any]]


def write_paper(found: Found, out: Path) -> list[Entry]:
    """Write tables, figures and an index of them; what cannot be had is listed with the reason.

    Raises
    ------
    StoreError
        If something cannot be written.
    """
    entries = []
    for number, (name, caption) in TABLES.items():
        stem = out / "tables" / f"table_{number}_{name}"
        entries.append(_entry(f"Table {number}", caption, stem, partial(_table, found, number)))
    for number, (name, caption) in FIGURES.items():
        stem = out / "figures" / f"figure_{number:02d}_{name}"
        entries.append(_entry(f"Figure {number}", caption, stem, partial(_figure, found, number)))
    write_text(out / "index.md", index_markdown(entries, out))
    write_text(out / "index.html", index_html(entries, out))
    return entries


def _entry(title: str, caption: str, stem: Path, make: Callable[[str, Path], list[Path]]) -> Entry:
    try:
        return Entry(title, caption, make(f"{title}. {caption}", stem))
    except Exception as error:  # one that cannot be had does not stop the others
        for old in stem.parent.glob(f"{stem.name}.*"):
            old.unlink()  # of an earlier call
        return Entry(title, caption, [], reason(error))


def _table(found: Found, number: int, caption: str, stem: Path) -> list[Path]:
    table = _TABLES[number](found)
    if not len(table):
        raise TableError(expected_got(stem.name, "a row or more", "none"))
    paths = [stem.with_name(stem.name + end) for end in (".csv", ".txt", ".md", ".tex")]
    write_table(table, paths[0])
    write_summary(in_words(table), stem.parent, stem.name, caption)
    return paths


def _figure(found: Found, number: int, _: str, stem: Path) -> list[Path]:
    with style():
        table, figure = _FIGURES[number](found)
        save_both(figure, stem)
    numbers = stem.with_name(stem.name + (".csv" if len(table) <= _LONG else ".parquet"))
    write_table(table, numbers)
    return [stem.with_name(stem.name + end) for end in (".png", ".pdf")] + [numbers]


def _best(found: Found) -> Table:
    there = [name for name in found.models if f"{name}-{found.last:02d}" in found.results]
    if not there:
        found.place(f"{next(iter(found.models))}-{found.last:02d}")  # says why
    return model_tables.best_epochs({name: found.log(name, found.last) for name in there})


_TABLES: Mapping[int, Callable[[Found], Table]] = {
    1: lambda found: label_tables.table_1(found.steps()),
    2: lambda found: model_tables.table_2(found.models),
    3: _best,
    4: lambda found: label_tables.table_4(found.catalogues()),
    5: lambda _: model_tables.table_5(),
    9: lambda found: label_tables.table_9(found.groups(), found.labels()),
}


def _drawn(table: Table, draw: Callable[[Table], Any]) -> tuple[Table, Any]:
    if not len(table):
        raise TableError(expected_got("figure", "something to draw", "no known value"))
    return table, draw(table)


def _losses(found: Found) -> tuple[Table, Any]:
    config = found.recipe.experiment
    sizes, parts = found.sizes(), []
    for group in config.loss_groups:
        for model in found.models:
            if f"{model}-{group:02d}" not in found.results:
                continue
            log = found.log(model, group)
            log = log[np.isfinite(log["epoch_loss"])]
            columns = {"group": [group] * len(log), "model": [model] * len(log)}
            columns |= {"training_galaxies": [sizes[group]] * len(log)}
            columns |= {"epoch": log["epoch"], "training_loss": log["epoch_loss"]}
            parts.append(Table({**columns, "validation_loss": log["epoch_val_loss"]}))
    if not parts:
        found.place(f"{next(iter(found.models))}-{config.loss_groups[-1]:02d}")  # says why
    return _drawn(vstack(parts), curves.losses)


def _scores(found: Found) -> tuple[Table, Any]:
    config = found.recipe.experiment
    runs = found.matched("test", found.last, found.truth())
    steps = thresholds_from(config.lowest_score)
    table = against_score({name: run.over(steps) for name, run in runs.items()})
    return _drawn(table, partial(curves.against_score, marked=config.score_threshold))


def _bright(found: Found) -> tuple[Table, Any]:
    config = found.recipe.experiment
    runs = found.matched("test", found.last, found.truth())
    steps, parts = thresholds_from(config.lowest_score), []
    for least in RATIOS.values():
        part = against_score({name: run.over(steps, least) for name, run in runs.items()})
        part.add_column([f"≥ {100 * least:.0f} %"] * len(part), index=1, name="cut")
        parts.append(part)
    table = vstack(parts)
    _known(table)
    return _drawn(table, partial(curves.against_score, marked=config.score_threshold))


def _sizes(found: Found) -> tuple[Table, Any]:
    config, truth = found.recipe.experiment, found.truth()
    by_model: dict[str, dict[int, Score]] = {name: {} for name in found.models}
    for group in config.groups:
        cells = [f"{name}-{group:02d}-test" for name in found.models]
        if not set(cells) & set(found.results):
            continue
        for name, run in found.matched("test", group, truth).items():
            ((_, by_model[name][group]),) = run.over(np.array([config.score_threshold]))
    table = against_size(by_model, found.sizes())
    return _drawn(table, curves.against_size)


def _ratios(found: Found, share: str) -> tuple[Table, Any]:
    truth = found.truth()
    parts = [_by_ratio(found, "test", group, truth) for group in _compared(found)]
    table = vstack(parts)
    _known(table)
    return _drawn(table, lambda rows: curves.against_ratio(rows, share))


def _simulated(found: Found, which: int) -> tuple[Table, Any]:
    group = _compared(found)[which]
    made = [f"{name}-{group:02d}-simulated" for name in found.models]
    there = [cell for cell in made if cell in found.results]
    asked = there or [cell for cell in made if cell in found.failed]
    part = "simulated" if asked else "test"
    truth = (found.run(asked[0]).sample() if asked else found.sample()).truth()
    table = _by_ratio(found, part, group, truth)
    return _drawn(table, lambda rows: curves.against_ratio(rows, "completeness", "true"))


def _compared(found: Found) -> list[int]:
    config = found.recipe.experiment
    there = [group for group in config.compared_groups if group in config.groups]
    if not there:
        wanted = f"some of {config.groups}"
        raise TableError(expected_got("compared_groups", wanted, config.compared_groups))
    return there


def _by_ratio(found: Found, part: str, group: int, truth: QTable) -> Table:
    threshold = found.recipe.experiment.score_threshold
    runs = found.matched(part, group, truth)
    table = against_ratio({name: run.by_ratio(threshold, BINS) for name, run in runs.items()})
    table.add_column([group] * len(table), index=0, name="group")
    table.add_column([found.sizes()[group]] * len(table), index=1, name="training_galaxies")
    return table


def _known(table: Table) -> None:
    if not (np.asarray(table["completeness_n"]) > 0).any():
        raise TableError(expected_got("u flux ratios", "known ones", "none: no u images or fluxes"))


def _pictures(found: Found, make: Callable[[Found], pictures.Drawn]) -> tuple[Table, Any]:
    rows, table = make(found)
    return table, draw_pictures(rows)


def _deep(found: Found, models: slice, skip: int, count: int) -> tuple[Table, Any]:
    if not any(name.endswith("-hsc") for name in {**found.results, **found.failed}):
        raise TableError("no HSC sample given: [experiment] hsc, or --hsc")
    cells = {name: f"{name}-{found.last:02d}-hsc" for name in found.recipe.experiment.deep_models}
    names = [name for name, cell in cells.items() if cell in found.results] or list(cells)
    chosen = [names[0], names[-1]][models] if len(names) > 1 else names
    rows, table = pictures.in_both_surveys(found, chosen, skip, count)
    return table, draw_pictures(rows, zoom=0.7)


def _clouds(found: Found, kind: str) -> tuple[Table, Any]:
    table = people.colours(found.catalogues(), kind)
    return _drawn(table, lambda rows: populations.colour_colour(rows, kind))


def _hosts(found: Found, column: str) -> tuple[Table, Any]:
    table = people.hosts_of(found.catalogues(), column)
    return _drawn(table, lambda rows: populations.hosts(rows, column))


def _redshifts(found: Found) -> tuple[Table, Any]:
    table = people.redshift_counts(found.catalogues())
    if not np.asarray(table["clumps"]).any():
        raise TableError(expected_got("hosts", "known redshifts", "none"))
    return table, populations.redshifts(table)


def _positions(found: Found) -> tuple[Table, Any]:
    config = found.recipe.labels
    draw = partial(populations.clump_positions, side_px=config.image_size_px, field=config.field)
    return _drawn(people.centres(found.labels()), draw)


_FIGURES: Mapping[int, Maker] = {
    2: _positions,
    3: lambda found: _drawn(
        people.masses(found.sample().hosts, found.labels()), populations.mass_redshift
    ),
    4: _losses,
    5: lambda found: _pictures(found, partial(pictures.refinement, number=5)),
    6: lambda found: _pictures(found, partial(pictures.refinement, number=6)),
    7: lambda found: _pictures(found, partial(pictures.refinement, number=7)),
    8: _scores,
    9: _sizes,
    10: partial(_ratios, share="completeness"),
    11: partial(_ratios, share="purity"),
    12: _bright,
    13: lambda found: _pictures(found, pictures.models_on_examples),
    14: _redshifts,
    15: partial(_clouds, kind="normal"),
    16: partial(_clouds, kind="odd"),
    17: partial(_hosts, column="galaxy_lssfr"),
    18: partial(_hosts, column="galaxy_lmass"),
    19: partial(_deep, models=slice(1, 2), skip=0, count=2),
    20: lambda found: _drawn(
        people.radii(found.catalogues()),
        partial(populations.box_sizes, aperture_fwhm=found.recipe.measure.aperture_fwhm),
    ),
    22: partial(_simulated, which=0),
    23: partial(_simulated, which=-1),
    27: partial(_deep, models=slice(0, 2), skip=0, count=3),
    28: partial(_deep, models=slice(0, 2), skip=3, count=3),
    29: partial(_deep, models=slice(0, 2), skip=6, count=3),
}
