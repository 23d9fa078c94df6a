"""The real label table, where it is shared."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from clumpscope.core.records import LABELS, record_table
from places import SHARED

GZCS = SHARED / "gzcs_labels.parquet"


@pytest.fixture(scope="session")
def gzcs():
    """Galaxy Zoo: Clump Scout's labels before the padding cut."""
    if not GZCS.is_file():
        pytest.skip("no shared gzcs_labels.parquet")
    table = pq.read_table(GZCS).to_pydict()
    # 200 px crops of 400 px pictures.
    corners = (np.column_stack([table[name] for name in ("x1", "y1", "x2", "y2")]) + 100) / 400
    ids = [str(name) for name in table["local_id"]]
    names = dict(zip(("x1", "y1", "x2", "y2"), corners.T, strict=True))
    return record_table(LABELS, {"galaxy_id": ids, "label": table["label"], **names})
