import numpy as np
from astropy.table import MaskedColumn, Table

from clumpscope.stages.experiment.words import in_words


def test_numbers_are_words():
    table = Table(
        {
            "name": ["x", "y"],
            "n": MaskedColumn([12345, 0], mask=[False, True]),
            "share": [0.126, np.nan],
        }
    )
    assert [tuple(row) for row in in_words(table)] == [("x", "12,345", "0.13"), ("y", "–", "–")]
