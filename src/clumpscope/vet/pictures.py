"""Pictures of galaxies as bytes: large ones as PNG, small ones as JPEG, kept and bounded."""

import io
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clumpscope.config.run import CompositeConfig
from clumpscope.core.bands import from_text
from clumpscope.core.galaxy import AnyImage, ColourImage, GalaxyImage
from clumpscope.errors import ImageError, StoreError, TableError, expected_got
from clumpscope.ops.background import sky
from clumpscope.ops.in_colour import in_bands, in_colour, shown_in
from clumpscope.ops.numbers import said
from clumpscope.store.atomic import atomic
from clumpscope.store.confined import inside

Pixels = NDArray[np.float32]

THUMB = 160  # px, longer side at most
_QUALITY = 80
_SOFT = 3.0  # noise of the sky that is about linear in a picture of one band
_TOP = 99.7  # percentile of a band that is white


@dataclass(frozen=True)
class Look:
    """How a galaxy is to be shown.

    Attributes
    ----------
    bands
        None: the composite; one: that in grey; three: red, green and blue.
    stretch
        Over the usual one: more than 1 shows brighter parts, less than 1 fainter ones.
    contrast
        Slope about middle grey.
    balance
        Factors on red, green and blue.
    """

    bands: tuple[str, ...] = ()
    stretch: float = 1.0
    contrast: float = 1.0
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @classmethod
    def of(
        cls, bands: str = "", stretch: str = "", contrast: str = "", balance: str = ""
    ) -> "Look":
        """Read the parameters of an address; empty ones are as usual.

        Raises
        ------
        TableError
            If one has no value that it can have.
        """
        words = balance.split(",") if balance else ["1"] * 3
        if len(words) != 3:
            raise TableError(expected_got("balance", "three numbers as 1,1,1.2", said(balance)))
        red, green, blue = (_factor("balance", word, 0.05, 20) for word in words)
        return cls(
            bands=_bands(bands),
            stretch=_factor("stretch", stretch or "1", 0.001, 1000),
            contrast=_factor("contrast", contrast or "1", 0.1, 10),
            balance=(red, green, blue),
        )


def _factor(name: str, word: str, low: float, high: float) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise TableError(expected_got(name, f"a number from {low:g} to {high:g}", said(word)))
    return value


def _bands(text: str) -> tuple[str, ...]:
    """One band, or three: letters without a break, else with commas; "" and "colour" are none."""
    if text in ("", "colour"):
        return ()
    if len(text) > 60:
        raise TableError(expected_got("bands", "one or three bands", said(text)))
    return (text,) if "," not in text and len(text) != 3 else _three(text)


def _three(text: str) -> tuple[str, ...]:
    try:
        names = from_text(text) if len(set(text)) == len(text) or "," in text else tuple(text)
    except ValueError:
        names = (text,)
    return names


def pixels(image: AnyImage, look: Look, config: CompositeConfig) -> Pixels:
    """(ny, nx, 3) in [0, 1], rows as stored.

    Raises
    ------
    TableError
        If the image has no such bands.
    ImageError
        If one of them shows nothing.
    """
    if isinstance(image, ColourImage):
        if look.bands:
            got = " ".join(look.bands)
            raise TableError(expected_got("bands", "none, as it is a picture", got))
        rgb = image.pixels * np.array(look.balance, dtype=np.float32)
    else:
        bands = _known(look.bands, image)
        if len(bands) == 1:
            grey = _grey(image, bands[0], look.stretch)
            rgb = np.repeat(grey[:, :, None], 3, axis=2)
        else:
            rgb = _colour(image, bands, look, config)
    shown: Pixels = np.clip((rgb - 0.5) * look.contrast + 0.5, 0, 1)
    return shown


def _known(bands: tuple[str, ...], image: GalaxyImage) -> tuple[str, ...]:
    """The bands asked for; a name of three letters may be one band, or three."""
    joined = "".join(bands)
    if len(bands) == 3 and joined in image.bands:
        return (joined,)
    missing = [band for band in bands if band not in image.bands]
    if missing or len(bands) not in (0, 1, 3):
        expected = f"one or three of {' '.join(image.bands)}"
        raise TableError(expected_got("bands", expected, said(" ".join(bands))))
    return bands


def _colour(
    image: GalaxyImage, bands: tuple[str, ...], look: Look, config: CompositeConfig
) -> Pixels:
    config = config.model_copy(update={"stretch": config.stretch * look.stretch})
    if bands and bands != config.bands:
        config = in_bands(image, (bands[0], bands[1], bands[2]), config)
    else:
        config = shown_in(image, config)
    scales = tuple(a * b for a, b in zip(config.scales, look.balance, strict=True))
    return in_colour(image, config.model_copy(update={"scales": scales}))


def _grey(image: GalaxyImage, band: str, stretch: float) -> Pixels:
    """(ny, nx) of one band: arcsinh above the sky, in its noise."""
    plane = image[band]
    good = np.isfinite(plane.data)
    if not good.any():
        raise ImageError(expected_got(f"{image.galaxy_id} band {band}", "finite pixels", "none"))
    level, rms = sky(plane.data, good)
    sigma = rms if rms > 0 else image[band].noise
    soft = _SOFT * stretch * (sigma if sigma > 0 else 1.0)
    light = np.where(good, plane.data - level, 0) + sigma
    top = max(float(np.percentile(light[good], _TOP)), 5 * soft)
    shown = np.arcsinh(np.clip(light, 0, None) / soft) / np.arcsinh(top / soft)
    grey: Pixels = np.clip(shown, 0, 1).astype(np.float32)
    return grey


def png(rgb: Pixels) -> bytes:
    """A PNG with the first row at the bottom."""
    return _encoded(rgb, None, "PNG", compress_level=3)


def thumb(rgb: Pixels) -> bytes:
    """A JPEG of at most `THUMB` px a side, with the first row at the bottom."""
    return _encoded(rgb, THUMB, "JPEG", quality=_QUALITY)


def _encoded(rgb: Pixels, most: int | None, form: str, **options: int) -> bytes:
    whole = np.round(np.clip(np.nan_to_num(rgb[::-1]), 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(whole))
    if most is not None:
        picture.thumbnail((most, most), Image.Resampling.BOX, reducing_gap=2.0)
    stream = io.BytesIO()
    picture.save(stream, format=form, **options)
    return stream.getvalue()


class Kept:
    """Bytes in memory, up to a number of them; what was not asked for longest goes first."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._size = most_bytes, 0
        self._found: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """What is kept under a key."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: str, content: bytes) -> None:
        """Keep it; what is larger than all that may be kept, is not."""
        with self._lock:
            self._size += len(content) - len(self._found.pop(key, b""))
            self._found[key] = content
            while self._size > self._most:
                _, gone = self._found.popitem(last=False)
                self._size -= len(gone)

    def __len__(self) -> int:
        return len(self._found)


class Thumbs:
    """Small pictures in a folder, up to a number of files; where none can be written, none are."""

    def __init__(self, folder: Path, most_files: int) -> None:
        self._folder, self._most = folder, most_files
        self._lock = threading.Lock()
        self._count = sum(1 for _ in folder.glob("*.jpg")) if folder.is_dir() else 0

    def get(self, galaxy_id: str, make: Callable[[], bytes]) -> bytes:
        """The picture of a galaxy, made if it is not there.

        Raises
        ------
        ClumpscopeError
            What ``make`` raises.
        """
        path = inside(self._folder, f"{galaxy_id}.jpg")
        try:
            return path.read_bytes()
        except OSError:
            content = make()
        try:
            with atomic(path) as temporary:
                temporary.write_bytes(content)
        except StoreError:
            return content
        with self._lock:
            self._count += 1
            if self._count > self._most:
                self._sweep()
        return content

    def _sweep(self) -> None:
        """Take away the older half."""
        files = sorted(self._folder.glob("*.jpg"), key=_age)
        for path in files[: len(files) // 2]:
            path.unlink(missing_ok=True)
        self._count = len(files) - len(files) // 2


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
