"""Whatever is read from a path is refused there at once, by its own error, if it is no file."""

from pathlib import Path

import pytest

from clumpscope.config.recipe import load_recipe
from clumpscope.detector.published import import_published
from clumpscope.detector.weights import load_model
from clumpscope.errors import (
    FolderError,
    FrameError,
    ImageError,
    ModelError,
    RecipeError,
    TableError,
)
from clumpscope.models.header import read_header
from clumpscope.ops.extinction import MAP_FILES, ebv
from clumpscope.stages.fetch.sdss.psfield import read_psfield
from clumpscope.store.formats import read_catalogue
from clumpscope.store.images import read_galaxy
from clumpscope.store.manifest import RunManifest, sha256_file
from clumpscope.store.panoptes_rows import open_text
from clumpscope.store.pictures import picture_shape, read_picture
from clumpscope.store.tables import read_parquet, read_user_table
from clumpscope.store.texts import read_json, read_texts

READERS = [
    (load_recipe, "a.toml", RecipeError),
    (lambda path: ebv([0.0], [0.0], path.parent), MAP_FILES[1], RecipeError),
    (read_galaxy, "a.fits", ImageError),
    (picture_shape, "a.png", ImageError),
    (lambda path: read_picture(path, 1.0, 1.0, psf_assumed=True), "a.jpg", ImageError),
    (read_psfield, "psField-1.fit", FrameError),
    (read_parquet, "a.parquet", FolderError),
    (read_user_table, "a.csv", TableError),
    (read_user_table, "a.fits", TableError),
    (read_catalogue, "a.ecsv", TableError),
    (lambda path: RunManifest.read(path.parent), "manifest.json", FolderError),
    (sha256_file, "a", FolderError),
    (read_json, "a.json", FolderError),
    (lambda path: read_texts(path.parent, ".txt"), "a.txt", FolderError),
    (open_text, "a.csv.gz", TableError),
    (read_header, "a.safetensors", ModelError),
    (load_model, "a.safetensors", ModelError),
    (lambda path: import_published(path, "own"), "a.pth", ModelError),
]


@pytest.mark.parametrize(("read", "name", "error"), READERS)
def test_a_device(tmp_path: Path, read, name, error):
    """As /dev/zero and pipes are: but this one ends where it is read after all."""
    path = tmp_path / name
    path.symlink_to("/dev/null")
    with pytest.raises(error, match=rf"{path}: expected a regular file, got a device") as caught:
        read(path)
    assert caught.type is error
