"""Write the pages that come from the code.

They are cli, data_model, recipes, survey_profiles, and a page a module in api/.
"""

import argparse
import inspect
import pkgutil
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer.main

import clumpscope
from clumpscope import errors
from clumpscope.config import show
from clumpscope.config.base import Section
from clumpscope.config.recipe import Recipe
from clumpscope.config.survey import Planes, SurveyProfile, load_survey, survey_names
from clumpscope.core import clumps, flags, records
from clumpscope.core.galaxy import MaskBit
from clumpscope.core.schema import ColumnSpec
from clumpscope.stages.labels.formats.registry import FORMATS, format_of

HERE = Path(__file__).parent

RECORDS = {
    "hosts.parquet": ("HOSTS", "One row a galaxy of a sample; what is not known is blank."),
    "hosts.parquet of injections": ("INJECTED", "What `simulate --hosts` adds to each galaxy."),
    "stars.parquet": (
        "STARS",
        "What `fetch` found of stars: a row for each cutout that the light of one reaches.",
    ),
    "truth.parquet": ("TRUTH", "The clumps that are really there, where that is known."),
    "labels.parquet": ("LABELS", "Boxes to train on."),
    "votes.parquet": (
        "VOTES",
        "What simulated volunteers answered about the shape of each galaxy: numbers of votes. A "
        "question is asked only of those who gave the answer before it (`core.questions`).",
    ),
    "labels.parquet of a consensus": ("CONSENSUS", "What it adds to each box."),
    "run-groups": ("SPLIT", "What `labels split` writes."),
    "detections.parquet": ("DETECTIONS", "Every box above the score floor, before refinement."),
    "galaxies.parquet": ("GALAXIES", "One row for every galaxy of a run."),
    "evaluation/found.parquet": (
        "FOUND",
        "What `evaluate` says of every candidate of every finder; measured values.",
    ),
    "evaluation/truth.parquet": (
        "TRUTHS",
        "What `evaluate` says of every truth, for every finder; true values, blends as one.",
    ),
    "failures.parquet": ("FAILURES", "Galaxies that failed, and why."),
}


CONTENT = {
    "json": "a file",
    "table": "a table",
    "texts": "a folder of `.{suffix}` files",
}


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def columns(specs: Sequence[ColumnSpec]) -> str:
    """Return the table of some columns."""
    rows = [(f"`{spec.name}`", spec.description, spec.dtype, spec.unit, spec.ucd) for spec in specs]
    return table(("column", "what it is", "type", "unit", "UCD"), rows)


def data_model() -> str:
    """Return the page of tables, flags and masks."""
    parts = [
        "# Data model",
        "Made from the schemas in the code. Types: f8 and i4, i8 are floating-point and whole "
        "numbers of that many bytes. Blank is NaN, 0, no text or false. Units and UCDs are in "
        "the files too: in the field metadata of Parquet, as `TUNIT`, `TUCD` and `TCOMM` in FITS, "
        "and where VOTable and ECSV keep them.",
        "Pixels are native and counted from 0: (0, 0) is the centre of the first pixel. "
        "Fractions are of the stored array's columns and rows, 0 at the outer edge of the "
        "first pixel and 1 at that of the last. Rows are counted as they are stored.",
        "## Clumps",
        f"Schema version {clumps.SCHEMA_VERSION}. (`galaxy_id`, `clump_id`) is the key. Each "
        "level holds the columns of those before it.",
    ]
    for level in clumps.LEVELS:
        specs = [spec for spec in clumps.schema(level) if spec.level == level]
        parts += [f"### Level {level}", columns(specs)]
    parts += [
        "## Flags of clumps",
        "Bits of `flags`; 0 is no doubt.",
        table(
            ("bit", "name", "meaning"),
            [
                (str(flag.value), f"`{flag.name}`", meaning)
                for flag, meaning in flags.DESCRIPTIONS.items()
            ],
        ),
        "## Masks of images",
        "Bits of the `<band>_MASK` images; 0 is a good pixel.",
        table(("bit", "name"), [(str(bit.value), f"`{bit.name}`") for bit in MaskBit]),
        "## Other tables",
        f"Schema version {records.SCHEMA_VERSION}.",
    ]
    for file, (name, what) in RECORDS.items():
        parts += [f"### {file}", what, columns(getattr(records, name))]
    parts += [
        "## Formats of labels",
        "What `labels import` and `labels export` read and write. A table is CSV, TSV, ECSV, FITS, "
        "VOTable or Parquet when read, and CSV or Parquet when written, as its name ends.",
    ]
    parts += [table(("`--format`", "what it is", "on disk", "needs `--sample` for"), formats())]
    return "\n\n".join(parts) + "\n"


def formats() -> list[tuple[str, str, str, str]]:
    """Give one row a format of labels."""
    rows = []
    for name, what in FORMATS.items():
        form = format_of(name)
        where = CONTENT[form.content].format(suffix=form.suffix.lstrip("."))
        rows.append((f"`{name}`", what, where, form.sample))
    return rows


def recipes() -> str:
    """Return the page of settings."""
    page = [
        "# Recipes",
        "Made from the settings in the code. A recipe is a TOML file that holds what differs from "
        "the defaults; `clumpscope recipe show` prints all of them, ready to edit, and "
        "`clumpscope recipe check FILE` says whether a file is valid and what it changes.",
    ]
    for part in show.parts(Recipe()):
        page += [f"## [{part.name}]" if part.name else "## Top level", part.meaning]
        rows = [
            (f"`{one.key}`", one.meaning, _value(one.default), one.kind) for one in part.settings
        ]
        if rows:
            page.append(table(("key", "meaning", "default", "kind"), rows))
    return "\n\n".join(page) + "\n"


def _value(value: object) -> str:
    return show.toml(value) if value is None else f"`{show.toml(value)}`"


def survey_profiles() -> str:
    """Return the page of survey profiles: those of the package, and the keys of one's own."""
    surveys = [(name, load_survey(name)) for name in survey_names()]
    parts = [
        "# Survey profiles",
        "Made from the profiles and their settings in the code. What a profile is for and how to "
        "write one: [](surveys.md).",
        "## Of the package",
        table(
            ("`--survey`", "what it is", "bands", "pixel side (arcsec)", "unit without BUNIT"),
            [(f"`{name}`", one.about, ", ".join(one.bands), *_scale(one)) for name, one in surveys],
        ),
        "Typical PSF-FWHM (arcsec), 5 sigma depth of point sources (AB) and A / E(B-V) on "
        "unscaled SFD98; a dash is what the profile does not say, for extinction the value of "
        "the band itself. Sources are in the profiles.",
        table(
            ("`--survey`", "band", "PSF-FWHM", "depth", "extinction", "names"),
            [row for name, one in surveys for row in _bands(name, one)],
        ),
        "## Keys",
        table(("key", "meaning", "default", "kind"), list(_keys(SurveyProfile))),
        "## [planes]",
        inspect.cleandoc(Planes.__doc__ or ""),
        table(("key", "meaning", "default", "kind"), list(_keys(Planes))),
    ]
    return "\n\n".join(parts) + "\n"


def _scale(profile: SurveyProfile) -> tuple[str, str]:
    side, unit = profile.pixscale_arcsec, profile.unit
    zero_point = "" if profile.zero_point is None else f", {profile.zero_point:g} mag"
    a_second = " for one a second" if profile.zero_point_a_second else ""
    return f"{side:g}" if side else "any", f"{unit}{zero_point}{a_second}" if unit else "none"


def _bands(name: str, profile: SurveyProfile) -> Iterator[tuple[str, ...]]:
    for band, names in profile.bands.items():
        of = (profile.psf_fwhm_arcsec, profile.depth_mag, profile.extinction)
        numbers = (f"{one[band]:g}" if band in one else "–" for one in of)
        yield f"`{name}`", f"`{band}`", *numbers, ", ".join(f"`{one}`" for one in names)


def _keys(section: type[Section]) -> Iterator[tuple[str, str, str, str]]:
    kinds = section.model_json_schema()["properties"]
    for key, field in section.model_fields.items():
        if field.annotation is Planes:
            continue  # a table of its own
        default = (
            "needed"
            if field.is_required()
            else _value(field.get_default(call_default_factory=True))
        )
        yield f"`{key}`", field.description or "", default, show.words(kinds[key])


def commands() -> Iterator[tuple[str, Any]]:
    """Give every command with its words, such as "labels import"."""
    from clumpscope.cli import app

    yield from _below(typer.main.get_command(app), ())


def _below(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(words), command
        return
    for name, child in sorted(children.items()):
        yield from _below(child, (*words, name))


def cli() -> str:
    """Return the page of commands."""
    parts = [
        "# Commands",
        "Made from the commands themselves; `--help` or `-h` says the same. Exit codes: 0 done, "
        "1 failed, 2 bad usage or input. `clumpscope --version` tells the version, and "
        "`clumpscope --install-completion` teaches your shell to complete commands and options.",
    ]
    for words, command in commands():
        parts += [f"## clumpscope {words}", *_command(f"clumpscope {words}", command)]
    return "\n\n".join(parts) + "\n"


def _command(path: str, command: Any) -> Iterator[str]:
    parameters = [parameter for parameter in command.params if not getattr(parameter, "hidden", 0)]
    names = [_argument(parameter) for parameter in parameters if _is_argument(parameter)]
    yield f"```text\n{' '.join([path, *names])} [OPTIONS]\n```"
    yield inspect.cleandoc(command.help or "")
    rows = []
    for parameter in parameters:
        options = ", ".join([*parameter.opts, *parameter.secondary_opts])
        name = _argument(parameter) if _is_argument(parameter) else options
        rows.append((f"`{name}`", parameter.help or "", _default(parameter.default)))
    if rows:
        yield table(("parameter", "meaning", "default"), rows)


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _default(value: object) -> str:
    return "" if value is None or callable(value) or value in ((), []) else f"`{value}`"


def api() -> dict[str, str]:
    """Return the pages of the modules, by name; those of packages list their modules."""
    found = pkgutil.walk_packages(clumpscope.__path__, "clumpscope.")
    names = ["clumpscope", *(module.name for module in found)]
    public = [name for name in names if "._" not in name]
    pages = {}
    for name in public:
        if name == errors.__name__:
            continue  # on a page of its own, with its table
        below = [other for other in public if other.rpartition(".")[0] == name]
        pages[name] = _module(name, below)
    return pages


def _module(name: str, below: Sequence[str]) -> str:
    # What a package hands on is described where it is defined.
    options = (":members:", ":ignore-module-all:", ":show-inheritance:")
    hidden = ":exclude-members: model_config"
    lines = [f".. automodule:: {name}", *(f"   {option}" for option in (*options, hidden))]
    parts = [f"# {name}", "\n".join(["```{eval-rst}", *lines, "```"])]
    if below:
        pages = {one: "../errors" if one == errors.__name__ else one for one in below}
        entries = [f"{one.rpartition('.')[2]} <{page}>" for one, page in pages.items()]
        parts.append("```{toctree}\n:maxdepth: 1\n\n" + "\n".join(entries) + "\n```")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=HERE, help="folder (default: docs)")
    out = parser.parse_args().out
    pages = {"data_model": data_model(), "recipes": recipes(), "cli": cli()}
    pages["survey_profiles"] = survey_profiles()
    pages |= {f"api/{name}": page for name, page in api().items()}
    shutil.rmtree(out / "api", ignore_errors=True)
    (out / "api").mkdir()
    for name, page in pages.items():
        (out / f"{name}.md").write_text(page, encoding="utf-8")
    print(f"wrote {len(pages)} pages in {out}")


if __name__ == "__main__":
    main()
