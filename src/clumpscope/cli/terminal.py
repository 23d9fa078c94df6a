"""Where everything is printed: no text of others moves the cursor, or turns what stands there."""

from dataclasses import dataclass

from rich.console import (
    Console,
    ConsoleOptions,
    ConsoleRenderable,
    RenderableType,
    RenderHook,
    RenderResult,
)
from rich.control import Control
from rich.segment import Segment

from clumpscope.core.printable import printable


def terminal(*, stderr: bool) -> Console:
    """A console that writes out the control codes of what it is given."""
    console = Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)
    console.push_render_hook(_WrittenOut())
    return console


class _WrittenOut(RenderHook):
    """Takes what is to be printed, before a progress bar adds its own."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [one if isinstance(one, Control) else _Printable(one) for one in renderables]


@dataclass(frozen=True)
class _Printable:
    renderable: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.renderable, options):
            yield (segment if segment.control else Segment(printable(segment.text), segment.style))
