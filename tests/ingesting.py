"""What tests of `ingest` do with foreign files."""

import csv

from astropy.io import fits

from clumpscope.config.ingest import IngestConfig
from clumpscope.config.recipe import Recipe
from clumpscope.jobs.ingest import UNDERSTOOD, ingest, plan
from clumpscope.store.sample import Sample
from foreign import Scene


def recipe_of(layout):
    return Recipe(ingest=IngestConfig(**layout.options))


def understood(sample):
    with (sample / UNDERSTOOD).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def strip(folder, *keys):
    """Take cards out of all headers."""
    for path in folder.rglob("*.fi*"):
        with fits.open(path, mode="update") as hdus:
            for hdu in hdus:
                for key in keys:
                    hdu.header.remove(key, ignore_missing=True)


def ingested(tmp_path, layout, scene=None):
    layout.build(tmp_path / "files", scene or Scene())
    recipe = recipe_of(layout)
    failures = ingest(plan([tmp_path / "files"], recipe), tmp_path / "sample", recipe)
    assert len(failures) == 0, failures["error"][0]
    return Sample.open(tmp_path / "sample")
