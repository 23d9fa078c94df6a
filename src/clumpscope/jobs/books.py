"""What a training leaves beside its model, and by which one that was interrupted is known again."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.table import Table
from numpy.typing import NDArray

from clumpscope.config.recipe import Recipe
from clumpscope.config.run import CompositeConfig
from clumpscope.config.stack import StackConfig
from clumpscope.models.header import read_header
from clumpscope.models.spec import DetectorSpec
from clumpscope.plot.training import loss_curves
from clumpscope.stages.train.galaxies import Galaxy
from clumpscope.store.arrays import write_arrays
from clumpscope.store.manifest import RunManifest, sha256_file, sha256_json
from clumpscope.store.output import Output, output
from clumpscope.store.sample import Sample

if TYPE_CHECKING:
    from torch import nn

Sides = Sequence[Sequence[Galaxy]]  # to learn from, held out, ...
Report = Callable[[int, dict[str, float]], None]
_SECTIONS = ("sample", "limits", "composite", "stack", "detector", "train")
_NO_MATTER = {"workers", "checkpoint_minutes", "checkpoint_steps"}
_PACKAGES = ("torch", "torchvision", "lightning", "timm", "numpy")


def folder_of(out: Path) -> Path:
    """The folder of a training beside the model that it writes."""
    return out.with_suffix(".training")


def key_of(
    recipe: Recipe, samples: Sequence[Sample], sides: Sides, start: Path | None
) -> dict[str, str]:
    """All that a training depends on, by name: settings one by one, data, versions."""
    settings: dict[str, Any] = recipe.model_dump(mode="json", include={"seed", *_SECTIONS})
    settings["train"] = {k: v for k, v in settings["train"].items() if k not in _NO_MATTER}
    settings["detect"] = _seeing(recipe)
    return {
        **dict(_flat(settings)),
        **_data(samples, sides),
        "model to start from": "" if start is None else sha256_file(start),
        **{f"version of {package}": version(package) for package in _PACKAGES},
    }


def images_key(
    recipe: Recipe, view: CompositeConfig | StackConfig, samples: Sequence[Sample], sides: Sides
) -> str:
    """Hash of all that images made ready depend on; of the detector, it is what it sees."""
    settings = recipe.model_dump(mode="json", include={"sample", "limits"})
    settings["detect"] = _seeing(recipe)
    seen = [type(view).__name__, view.model_dump(mode="json"), recipe.train.soft_labels]
    return sha256_json([settings, seen, _data(samples, sides), version("clumpscope")])


def _seeing(recipe: Recipe) -> dict[str, Any]:
    """How images are seen that are unlike SDSS's."""
    return recipe.detect.model_dump(mode="json", include={"as_sdss", "stands_for"})


def _flat(settings: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}{key}.")
        else:
            yield f"{name}{key}", repr(value)


def _data(samples: Sequence[Sample], sides: Sides) -> dict[str, str]:
    rows = [[(one.sample, one.row) for one in side] for side in sides]
    labels = sorted(
        (one.sample, one.row, *(part.tolist() for part in (b.xyxy, b.labels, b.scores)))
        for side in sides
        for one in side
        if len(b := one.boxes)
    )
    return {
        "sample": sha256_json([one.fingerprint() for one in samples]),
        "labels": sha256_json(labels),
        "split": sha256_json(rows),
    }


@contextmanager
def begun(folder: Path, key: Mapping[str, str], rank: int, *, resume: bool) -> Iterator[Output]:
    """Begin a training's folder, or go on with it; of several processes the first does so.

    Raises
    ------
    StoreError
        As `output` does.
    """
    if rank:
        finished = (folder / "manifest.json").is_file()
        yield Output(folder, "", finished=finished, died=False)
        return
    with output(folder, key, resume=resume) as place:
        yield place


@dataclass(frozen=True, eq=False)
class Books:
    """Writes models, curves and what went wrong.

    Attributes
    ----------
    folder
        Where all but the best model goes.
    out
        The best model so far.
    spec
        What is known of it.
    galaxies
        Id of each image.
    report
        Is told of each epoch, its number from 1 and its metrics.
    """

    folder: Path
    out: Path
    spec: DetectorSpec
    galaxies: Sequence[str]
    report: Report

    def save(self, network: "nn.Module", metrics: Mapping[str, float]) -> None:
        """Write the best model so far."""
        from clumpscope.detector.weights import save_model

        save_model(self.out, network, self._with(metrics))

    def told(self, epoch: int, metrics: dict[str, float]) -> None:
        """Draw the curves as they are after an epoch, and tell of it."""
        self._draw()
        self.report(epoch, metrics)

    def _draw(self) -> None:
        loss_curves(self._log(), self.folder / "losses.png")

    def broken(
        self, images: Sequence[NDArray[Any]], boxes: Sequence[NDArray[Any]], rows: Sequence[int]
    ) -> str:
        """Keep a batch for looking at; say where."""
        path = self.folder / "broken_batch.npz"
        arrays = {f"image_{k}": image for k, image in enumerate(images)}
        arrays |= {f"boxes_{k}": one for k, one in enumerate(boxes)}
        write_arrays(path, arrays | {"galaxy_id": np.array([self.galaxies[row] for row in rows])})
        return str(path)

    def ended(self, place: Output, network: "nn.Module", recipe: Recipe) -> DetectorSpec:
        """Write the last model, and that all is done; the spec of the best one."""
        from clumpscope.detector.weights import save_model

        log = self._log()
        names = [name for name in log.colnames if name.startswith("epoch_")]
        last = {name.removeprefix("epoch_"): float(log[name][-1]) for name in names}
        save_model(self.folder / "last.safetensors", network, self._with(last))
        self._draw()
        place.finish(
            RunManifest(
                command="train",
                recipe=recipe.model_dump(mode="json"),
                seed=recipe.seed,
                counts={"images": len(self.galaxies)},
            )
        )
        return read_header(self.out).spec

    def _with(self, metrics: Mapping[str, float]) -> DetectorSpec:
        known = {name: value for name, value in metrics.items() if math.isfinite(value)}
        return self.spec.model_copy(update={"metrics": known})

    def _log(self) -> Table:
        """What was logged, NaN where nothing was."""
        with (self.folder / "metrics.csv").open() as file:
            rows = np.genfromtxt(file, delimiter=",", names=True)
        return Table(np.atleast_1d(rows))
