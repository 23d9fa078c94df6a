"""Numbers of a table as a reader has them."""

import numpy as np
from astropy.table import Table

_NONE = "–"


def in_words(table: Table) -> Table:
    """The same with text in every cell: two decimals, thousands apart, a dash for none."""
    return Table({name: [_word(value) for value in table[name]] for name in table.colnames})


def _word(value: object) -> str:
    if np.ma.is_masked(value):
        return _NONE
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return f"{value:.2f}" if np.isfinite(value) else _NONE
    return f"{value:,}" if isinstance(value, int) else str(value)
