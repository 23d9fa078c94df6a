"""Find, measure and vet giant star-forming clumps in galaxy images."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clumpscope.api import (
        ClumpFlag,
        Counted,
        Recipe,
        clumpy_fraction,
        colour,
        corrected_counts,
        detect,
        flag_names,
        luminosity_function,
        measure,
        open_sample,
        read_catalogue,
        read_selection,
        refine,
        run,
        sheet,
        show,
    )

    __version__: str

__all__ = [
    "ClumpFlag",
    "Counted",
    "Recipe",
    "__version__",
    "clumpy_fraction",
    "colour",
    "corrected_counts",
    "detect",
    "flag_names",
    "luminosity_function",
    "measure",
    "open_sample",
    "read_catalogue",
    "read_selection",
    "refine",
    "run",
    "sheet",
    "show",
]

if not TYPE_CHECKING:  # type checkers see the names above, and no others

    def __getattr__(name: str) -> object:
        """Load what is asked for: importing the package alone is fast."""
        if name == "__version__":
            from importlib.metadata import version

            return version("clumpscope")
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module("clumpscope.api"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
