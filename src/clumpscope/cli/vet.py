"""The command that opens a run in a browser, for people to vet."""

from pathlib import Path
from typing import Annotated

import typer

from clumpscope.cli.common import RunFolder, app, console, errors
from clumpscope.errors import TableError, expected_got


@app.command()
def vet(  # noqa: PLR0913  (an argument an option)
    run: RunFolder,
    port: Annotated[int, typer.Option(min=0, max=65535, help="to listen on; 0: any")] = 8417,
    host: Annotated[
        str, typer.Option(help="address to listen on; others than this machine may then come in")
    ] = "127.0.0.1",
    as_name: Annotated[
        str | None, typer.Option("--as", help="who decides; default: your name on this machine")
    ] = None,
    beside: Annotated[
        Path | None, typer.Option("--beside", help="another run on the same sample, to compare")
    ] = None,
    blind: Annotated[
        Path | None,
        typer.Option("--blind", help="instead: places that evaluate --by-eye drew, for a reader"),
    ] = None,
    *,
    read_only: Annotated[bool, typer.Option("--read-only", help="for looking only")] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="open no browser; the address is printed")
    ] = False,
    agreement: Annotated[
        bool, typer.Option("--agreement", help="instead: how far people agree, and end")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option("--export", help="instead: decisions as .json or .csv to write, and end"),
    ] = None,
) -> None:
    """Look at a run in the browser and vet it: accept, reject, move and draw boxes."""
    if agreement or export is not None:
        if blind is not None:
            asked = "--export" if export is not None else "--agreement"
            raise TableError(expected_got(asked, "the decisions on RUN", f"--blind {blind}"))
        _told(run, export, agreement=agreement)
        return
    from clumpscope.net.loopback import is_loopback
    from clumpscope.vet.blind import Blind
    from clumpscope.vet.desk import Desk
    from clumpscope.vet.guard import Guard, name_of
    from clumpscope.vet.server import serve

    name = name_of(_user() if as_name is None else as_name)
    if not name:
        raise TableError(expected_got("--as", "a name", "none"))
    desk: Desk | Blind
    if blind is not None:
        desk = Blind(blind, read_only=read_only)
    else:
        desk = Desk(run, read_only=read_only, beside=beside)
        _tell_carried(desk)
    if not is_loopback(host):
        errors.print(
            f"warning: listens on {host}: whoever has the address with its token may look"
            + ("" if read_only else " and decide")
            + ", and what is sent is not encrypted"
        )
    guard = Guard(vetter=name, host=host, port=port)
    serve(desk, guard, _tell, browser=not no_browser)


def _tell(address: str) -> None:
    console.print(address)
    errors.print("Ctrl-C ends it; every decision is kept as it is made")


def _tell_carried(desk: object) -> None:
    from clumpscope.jobs.carried import Carried

    found = getattr(desk, "carried", Carried(0, []))
    if found.kept or found.lost:
        errors.print(f"the run was made anew: {found.kept} decisions are kept")
    for galaxy, box in found.lost[:5]:
        errors.print(f"no box now where one was vetted: {galaxy} {box}")
    if len(found.lost) > 5:
        errors.print(f"and {len(found.lost) - 5} more")


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "me"


def _told(run: Path, export: Path | None, *, agreement: bool) -> None:
    from clumpscope.jobs.vetted import agreement_of, write_export
    from clumpscope.store.decisions import FILE

    if export is not None:
        count = write_export(run / FILE, export)
        console.print(f"{count} boxes in {export}")
    if agreement:
        found = agreement_of(run / FILE)
        for pair in found.pairs:
            console.print(
                f"{' and '.join(pair.people)}: {100 * pair.same:.0f} % the same of {pair.boxes} "
                f"boxes, Cohen's kappa {pair.kappa:.2f}"
            )
        if not found.boxes:
            console.print("no box was vetted by two people")
            return
        console.print(
            f"Fleiss' kappa {found.fleiss:.2f} of {found.boxes} boxes that two or more vetted"
        )
