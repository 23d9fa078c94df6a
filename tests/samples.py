"""Pictures and host tables of a sample."""

import numpy as np
from PIL import Image

from clumpscope.core.records import HOSTS, record_table
from clumpscope.store.tables import write_parquet


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)


def hosts(folder, **columns):
    write_parquet(record_table(HOSTS, columns), folder / "hosts.parquet")
