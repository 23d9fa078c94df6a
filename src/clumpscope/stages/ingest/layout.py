"""Which plane of which file is which galaxy's image, noise, mask and PSF in which band.

Nothing is read but headers. Names are asked in this order: the profile's patterns, the headers,
the file's own name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clumpscope.config.ingest import IngestConfig
from clumpscope.config.survey import SurveyProfile
from clumpscope.core.bands import in_order
from clumpscope.errors import FrameError, expected_got
from clumpscope.ops.ids import mended
from clumpscope.stages.ingest.extensions import Extension, Layer
from clumpscope.stages.ingest.naming import Named, band_of, matched, taken_apart

NOISE = ("variance", "inverse_variance", "error", "weight")
_BESIDE = (*NOISE, "mask", "psf")  # the last one: whether it is a file of its own is asked
_BAND_CARDS = (
    *("FILTER", "FILTER1", "FILTER2", "FILTER3", "BAND", "FILTNAM1", "FILTNAM", "FILTERS"),
    *("PHOTBAND", "PHOTMODE", "INSFLNAM", "HIERARCH FPA.FILTERID", "FPA.FILTERID", "FILTERID"),
)
_NOTHING = Named("", None, None)
_ASK = "name it in the file, in FILTER, or with --bands"


@dataclass(frozen=True, eq=False)
class Part:
    """A plane, and what it is: ``galaxy`` and ``band`` are empty where nothing says it.

    ``is_file`` says that it stands for its whole file.
    """

    layer: Layer
    galaxy: str
    band: str
    kind: str
    is_file: bool = False


@dataclass(frozen=True, eq=False)
class BandFiles:
    """What is there of one band.

    Attributes
    ----------
    noise_kind
        What ``noise`` is: a field of `Planes`.
    psf_is_file
        Whether the whole file of ``psf`` is its model, tables and all.
    """

    band: str
    image: Layer
    noise: Layer | None = None
    noise_kind: str = ""
    mask: Layer | None = None
    psf: Layer | None = None
    psf_is_file: bool = False

    @property
    def planes(self) -> tuple[Layer, ...]:
        """Those of the image's own shape."""
        found = (self.image, self.noise, self.mask)
        return tuple(one for one in found if one is not None)

    @property
    def paths(self) -> set[Path]:
        """All files."""
        psf = () if self.psf is None else (self.psf,)
        return {layer.extension.path for layer in (*self.planes, *psf)}


@dataclass(frozen=True, eq=False)
class FieldFiles:
    """A galaxy, or a field of many, in its files; bands bluest first."""

    name: str
    bands: Mapping[str, BandFiles]


def parts(
    extensions: Sequence[Extension], profile: SurveyProfile, config: IngestConfig
) -> list[Part]:
    """What each plane of one file is.

    Parameters
    ----------
    extensions
        Of the file. One whose name says no more than its band belongs to the galaxy that its
        folder is named after.

    Raises
    ------
    FrameError
        If the layers of a cube cannot be told apart, or file and header name different bands.
    """
    path = extensions[0].path
    named = matched(path.name, profile.files, profile) or taken_apart(
        path.name, profile.bands, profile.planes
    )
    galaxy = _galaxy(named, extensions, profile) or mended(path.absolute().parent.name)
    whole = replace(named, id=galaxy)
    if whole.plane == "psf" and not _is_cube_of_bands(extensions, profile, config):
        images = [one for one in extensions if one.shape]
        first = images[0] if images else extensions[0]
        # Of several images each says its band: which one is wanted is asked on reading.
        band = _band(first, _NOTHING, whole, profile) if len(images) < 2 else whole.band or ""
        return [Part(Layer(first), whole.id, band, "psf", is_file=True)]
    found: list[Part] = []
    for extension in extensions:
        if extension.shape:
            found += _of_extension(extension, whole, profile, config)
    return found


def _galaxy(named: Named, extensions: Sequence[Extension], profile: SurveyProfile) -> str:
    """Whose a file is: by its name, or by OBJECT if its name says neither band nor plane.

    Names such as ``img0001`` tell bands apart and not galaxies.
    """
    if named.band or named.plane or not any(len(one.shape) == 2 for one in extensions):
        return named.id
    first = next(one for one in extensions if len(one.shape) == 2)
    bands = {_said_band(one, profile) or _own(one, profile).band for one in extensions if one.shape}
    if len(bands - {None, ""}) != 1:
        return named.id
    return mended(str(first.shared.get("OBJECT", "")).strip()) or named.id


def _own(extension: Extension, profile: SurveyProfile) -> Named:
    """What an extension's own name says."""
    return taken_apart(extension.name, profile.bands, profile.planes)


def _said_band(extension: Extension, profile: SurveyProfile) -> str:
    """The band that a header names; empty if none."""
    cards = profile.band_cards or _BAND_CARDS
    values = (str(extension.shared[card]) for card in cards if card in extension.shared)
    return next((band for value in values if (band := band_of(value, profile.bands))), "")


def _is_cube_of_bands(
    extensions: Sequence[Extension], profile: SurveyProfile, config: IngestConfig
) -> bool:
    images = [one for one in extensions if one.shape]
    if len(images) != 1 or len(images[0].shape) != 3:
        return False
    try:
        return bool(_layers(images[0], profile, config))
    except FrameError:
        return False


def _of_extension(
    extension: Extension, whole: Named, profile: SurveyProfile, config: IngestConfig
) -> list[Part]:
    own = _own(extension, profile)
    kind = own.plane or _by_type(extension, profile) or whole.plane or "image"
    if kind == "other":
        return []
    if len(extension.shape) == 3:
        layers = _layers(extension, profile, config)
        return [
            Part(Layer(extension, number), whole.id, band, kind)
            for number, band in enumerate(layers)
        ]
    if len(extension.shape) != 2:
        if kind != "image":
            return []
        raise FrameError(expected_got(extension, "an image or a cube", f"shape {extension.shape}"))
    return [Part(Layer(extension), whole.id, _band(extension, own, whole, profile), kind)]


def _by_type(extension: Extension, profile: SurveyProfile) -> str | None:
    """What EXTTYPE, or its like, says a plane is."""
    for card in ("EXTTYPE", "IMAGETYP", "IMTYPE", "DATATYPE", "HDUCLAS2", "HDUCLAS3"):
        said = taken_apart(str(extension.header.get(card, "")), {}, profile.planes).plane
        if said and said != "other":
            return said
    return None


def _band(extension: Extension, own: Named, whole: Named, profile: SurveyProfile) -> str:
    """The band of a plane; empty where nothing says it.

    Raises
    ------
    FrameError
        If the file's name and the header name different ones.
    """
    if own.band:
        return own.band
    in_header = _said_band(extension, profile)
    if in_header and whole.band and in_header != whole.band:
        raise FrameError(
            expected_got(
                extension, f"band {whole.band} as in its name", f"{in_header} in its header"
            )
        )
    return in_header or whole.band or ""


def _layers(extension: Extension, profile: SurveyProfile, config: IngestConfig) -> Sequence[str]:
    """Bands of a cube's layers.

    Raises
    ------
    FrameError
        If they are not told, or are not as many as the layers.
    """
    number = extension.shape[0]
    cards = extension.shared
    told = str(extension.header.get("BANDS", "")).strip()
    if told:
        pieces = told.replace(",", " ").split()
        names = list(told) if len(pieces) == 1 and len(told) == number else pieces
    else:
        names = [str(cards[f"BAND{k}"]) for k in range(number + 1) if f"BAND{k}" in cards]
    bands = [band_of(name, profile.bands) or "" for name in names] or list(config.bands)
    if len(bands) != number or not all(bands):
        got = ", ".join(names or config.bands) or "none in BANDS"
        raise FrameError(
            expected_got(f"{extension}: bands of a cube", f"{number} names", got, "give --bands")
        )
    return bands


def grouped(found: Iterable[Part], config: IngestConfig) -> dict[str, FieldFiles | FrameError]:
    """What belongs to each galaxy or field, by its name; or why it cannot be used."""
    by_name: dict[str, list[Part]] = {}
    for part in found:
        by_name.setdefault(part.galaxy, []).append(part)
    result: dict[str, FieldFiles | FrameError] = {}
    for name, members in sorted(by_name.items()):
        try:
            result[name] = _field(name, members, config)
        except FrameError as error:
            result[name] = error
    return result


def _field(name: str, members: Sequence[Part], config: IngestConfig) -> FieldFiles:
    images = [part for part in members if part.kind == "image"]
    if not images:
        kinds = ", ".join(sorted({part.kind for part in members}))
        raise FrameError(expected_got(name, "an image", f"only {kinds}"))
    if len(images) == 1 and not images[0].band and len(config.bands) == 1:
        members = [part if part.band else replace(part, band=config.bands[0]) for part in members]
        images = [part for part in members if part.kind == "image"]
    if unnamed := [str(part.layer) for part in images if not part.band]:
        raise FrameError(expected_got(f"{', '.join(unnamed)}: band", "a name", "none", _ASK))
    by_band: dict[str, Part] = {}
    for part in images:
        if part.band in by_band:
            both = f"{by_band[part.band].layer} and {part.layer}"
            raise FrameError(expected_got(f"{name}, band {part.band}", "one image", both))
        by_band[part.band] = part
    bands = {band: _beside(by_band[band], members) for band in in_order(by_band)}
    return FieldFiles(name, bands)


def _beside(image: Part, members: Sequence[Part]) -> BandFiles:
    """What else there is of an image's band; what is of no band at all is of all."""
    found: dict[str, Layer] = {}
    is_file = False
    for kind in _BESIDE:
        of_band = [one for one in members if one.kind == kind and one.band == image.band]
        of_all = [one for one in members if one.kind == kind and not one.band]
        of_file = [one for one in of_all if one.layer.extension.path == image.layer.extension.path]
        fitting = of_band or of_file or of_all
        if len(fitting) > 1:
            several = " and ".join(str(one.layer) for one in fitting)
            raise FrameError(
                expected_got(f"{image.galaxy}, band {image.band}", f"one {kind}", several)
            )
        if fitting:
            found[kind] = fitting[0].layer
            is_file = fitting[0].is_file
    kinds = [kind for kind in NOISE if kind in found]
    return BandFiles(
        image.band,
        image.layer,
        noise=found[kinds[0]] if kinds else None,
        noise_kind=kinds[0] if kinds else "",
        mask=found.get("mask"),
        psf=found.get("psf"),
        psf_is_file=is_file,
    )
