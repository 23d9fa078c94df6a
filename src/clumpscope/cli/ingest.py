"""The command that makes a sample of own files."""

import csv
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clumpscope.cli.common import (
    Dask,
    RecipeFile,
    Resume,
    Workers,
    app,
    console,
    errors,
    hands,
    progress_bar,
    recipe_of,
    resumable,
    tell_failures,
    tell_hosts,
)
from clumpscope.errors import FolderError, RecipeError, expected_got

if TYPE_CHECKING:
    from clumpscope.config.recipe import Recipe
    from clumpscope.jobs.ingest import Plan

_TOLD = 9  # rows of the plan
_SIDE_R90 = (3.0, 12.0)  # of an image: half and twice what models were trained on


@app.command()
def ingest(  # noqa: PLR0913  (an argument an option)
    files: Annotated[
        list[Path],
        typer.Argument(
            help="folders or FITS files; last the folder to write, new or empty",
            metavar="FILES... SAMPLE",
        ),
    ],
    survey: Annotated[
        str | None, typer.Option("--survey", help="profile: a name, or a TOML file of your own")
    ] = None,
    targets: Annotated[
        Path | None, typer.Option("--targets", help="galaxies to cut out, or what is known of them")
    ] = None,
    *,
    bands: Annotated[
        str | None, typer.Option("--bands", help="of a cube's layers, or of one file: g,r,i")
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", help="of the pixels, where headers do not say")
    ] = None,
    zero_point: Annotated[
        str | None,
        typer.Option("--zero-point", help="AB magnitude of one count: 27, or g=27.1,r=27"),
    ] = None,
    size: Annotated[
        float | None, typer.Option("--size", min=1.0, help="side of the cutouts, arcsec")
    ] = None,
    recipe: RecipeFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what goes where, and write nothing")
    ] = False,
    resume: Resume = False,
    workers: Workers = None,
    dask: Dask = None,
) -> None:
    """Make a sample of own files of any survey, in the layouts and units of archives."""
    from clumpscope.jobs.ingest import UNDERSTOOD, plan
    from clumpscope.jobs.ingest import ingest as job

    *paths, sample = files
    if not paths and dry_run:
        paths = files
    if not paths:
        raise FolderError(expected_got("ingest", "FILES and a SAMPLE to write", f"only {sample}"))
    settings = _settings(recipe_of(recipe), survey, bands, unit, zero_point)
    made = plan(paths, settings, targets, None if paths is files else sample)
    for note in made.targets.notes if targets is not None else ():
        errors.print(f"{targets}: {note}")
    for note in made.notes:
        errors.print(note)
    _tell(made, every=dry_run)
    if dry_run:
        return
    with (
        resumable(sample),
        progress_bar("ingesting", len(made.targets)) as progress,
        hands(workers, dask) as at_work,
    ):
        failures = job(
            made,
            sample,
            settings,
            size_arcsec=size,
            resume=resume,
            workers=at_work,
            progress=progress,
        )
    count = len(made.targets) + len(made.targets.lost) - len(failures)
    console.print(f"{count} galaxies in {sample}; what was made of them: {sample / UNDERSTOOD}")
    tell_hosts(sample / "hosts.parquet")
    _tell_bands(sample / "hosts.parquet", sample / UNDERSTOOD)
    _tell_sides(sample / "hosts.parquet")
    tell_failures(sample / "failures.parquet")


def _tell_bands(hosts: Path, understood: Path) -> None:
    """How many galaxies have which bands, and of how many bands the PSF is a guess."""
    from clumpscope.core.bands import bands_of
    from clumpscope.core.schema import plain
    from clumpscope.store.tables import read_parquet

    table = read_parquet(hosts)
    bands = bands_of(table.colnames, "psf_fwhm")
    there = zip(*(plain(table, f"psf_fwhm_{band}") > 0 for band in bands), strict=True)
    sets = Counter(
        " ".join(band for band, seen in zip(bands, row, strict=True) if seen) for row in there
    )
    told = ", ".join(f"{names} ({count})" for names, count in sets.most_common())
    console.print(f"bands of how many galaxies: {told}")
    with understood.open(encoding="utf-8", newline="") as stream:
        guessed = sum(row["psf"].startswith("assumed") for row in csv.DictReader(stream))
    if guessed:
        console.print(f"the PSF of {guessed} bands is assumed (flagged PSF_ASSUMED): say PSFFWHM")


def _tell_sides(hosts: Path) -> None:
    """Which images show the galaxy at another scale than models know."""
    from clumpscope.core.schema import plain
    from clumpscope.store.tables import read_parquet

    table = read_parquet(hosts)
    spans = plain(table, "field_arcsec") / plain(table, "petro_r90_arcsec")
    off = (spans < _SIDE_R90[0]) | (spans > _SIDE_R90[1])
    if off.any():
        said = [f"{table['galaxy_id'][k]} {spans[k]:.1f}" for k in off.nonzero()[0][:3]]
        errors.print(
            f"{off.sum()} images are not about 6 R90 wide, as models expect them "
            f"({', '.join(said)}): --size ARCSEC trims or pads them"
        )


def _settings(
    recipe: "Recipe",
    survey: str | None,
    bands: str | None,
    unit: str | None,
    zero_point: str | None,
) -> "Recipe":
    """The recipe, with what was said beside it.

    Raises
    ------
    RecipeError
        If that cannot be.
    """
    from pydantic import ValidationError

    from clumpscope.config.base import problems_of
    from clumpscope.config.ingest import IngestConfig

    said: dict[str, object] = {"survey": survey, "unit": unit}
    if bands is not None:
        said["bands"] = bands.replace(",", " ").split()
    if zero_point is not None:
        said["zero_point"] = _zero_points(zero_point)
    given = {name: value for name, value in said.items() if value is not None}
    try:
        section = IngestConfig.model_validate({**recipe.ingest.model_dump(), **given})
    except ValidationError as error:
        raise RecipeError(f"ingest: {problems_of(error)}") from error
    return recipe.model_copy(update={"ingest": section})


def _zero_points(text: str) -> float | dict[str, float]:
    """Of ``27``, or of ``g=27.1,r=27``.

    Raises
    ------
    RecipeError
        If it is neither.
    """
    pairs = [pair.partition("=") for pair in text.replace(",", " ").split()]
    try:
        if len(pairs) == 1 and not pairs[0][1]:
            return float(text)
        found = {band: float(mag) for band, _, mag in pairs if band}
    except ValueError:
        found = {}
    if len(found) < max(1, len(pairs)):
        what = "an AB magnitude such as 27, or one of each band such as g=27.1,r=27"
        raise RecipeError(expected_got("--zero-point", what, repr(text)))
    return found


def _tell(made: "Plan", *, every: bool) -> None:
    """What was understood, a line a band; of many only the first."""
    files = made.files
    survey = files.survey or "no known survey"
    console.print(f"{len(files.paths)} files of {survey}: {len(files.places)} images")
    rows = files.plan()
    for row in rows if every else rows[:_TOLD]:
        # Folders would hide what is said; the slash of a unit is none.
        image, noise, mask, psf = (
            re.sub(r"\S*/", "", part) for part in (row.image, row.noise, row.mask, row.psf)
        )
        file = image.partition("[")[0]
        parts = (f"noise {noise}", f"mask {mask}", f"PSF {psf}" if psf else "")
        others = [row.unit, *(part.replace(f"{file}[", "[") for part in parts)]
        told = "; ".join(filter(None, [image, *others]))
        console.print(f"{row.galaxy_id} {row.band}: {told}", soft_wrap=True)
    if len(rows) > _TOLD and not every:
        console.print(f"and {len(rows) - _TOLD} more bands: --dry-run shows all")
    for note in dict.fromkeys(row.notes for row in rows if row.notes):
        errors.print(f"note: {note}")
    for name, why in files.failed.items():
        errors.print(f"left out: {name}: {why}")
