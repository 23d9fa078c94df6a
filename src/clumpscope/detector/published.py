"""Published checkpoints (.pth) become model files."""

import re
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from clumpscope.detector.checkpoints import check_kinds, named_tensors, read_checkpoint
from clumpscope.detector.weights import (
    check_numbers,
    check_tensors,
    layout,
    save_tensors,
    shapes_of,
)
from clumpscope.errors import ModelError, expected_got
from clumpscope.files.regular import regular
from clumpscope.models.header import MOST_MB
from clumpscope.models.registry import (
    DEFAULT,
    LICENCE,
    PUBLISHED,
    check_name,
    model_folder,
    packaged_models,
)
from clumpscope.models.spec import IMAGENET_MEAN, IMAGENET_STD, DetectorSpec, Published
from clumpscope.store.manifest import sha256_file

_SCALE = (
    "trained on the central 200 px of 400 px composites, enlarged to 800 px: anchors of 32 to "
    "512 px are 8 to 128 px there; ImageNet mean and standard deviation, over Zoobot weights too"
)
# Before version 0.13 torchvision named these convolutions one level higher.
_OLD_NAMES = (
    (re.compile(r"(backbone\.fpn\.(?:inner|layer)_blocks\.\d)\.(weight|bias)"), r"\1.0.\2"),
    (re.compile(r"(rpn\.head\.conv)\.(weight|bias)"), r"\1.0.0.\2"),
)
_COUNTER = ".num_batches_tracked"


@dataclass(frozen=True)
class _Origin:
    """Table 2 of Popp et al. 2024, and Table 3 (validation) for the epoch that was released."""

    start: str
    trained: str
    metrics: dict[str, float]


_ORIGINS = {
    "imagenet-backbone": _Origin("ImageNet", "none", {"ap": 0.40, "ar": 0.39, "f1": 0.40}),
    "imagenet-backbone-finetuned": _Origin(
        "ImageNet", "2, 3, 4", {"ap": 0.42, "ar": 0.82, "f1": 0.56}
    ),
    # Table 3 has its epoch 60, the released file is of epoch 120.
    "zoobot-clumps-backbone": _Origin("Zoobot fine-tuned as clumpy/not classifier", "none", {}),
    "zoobot-backbone": _Origin("Zoobot", "none", {"ap": 0.44, "ar": 0.68, "f1": 0.54}),
    "zoobot-backbone-finetuned": _Origin("Zoobot", "2, 3, 4", {"ap": 0.44, "ar": 0.67, "f1": 0.53}),
}


def published_spec(name: str) -> DetectorSpec:
    """Give the spec of a published model, or of a retrained one of the same architecture.

    Score threshold 0.3, as the published post-processing has it.
    """
    spec = DetectorSpec(
        name=name,
        architecture=Published(),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        score_threshold=0.3,
        weights="a retrained checkpoint of the published architecture",
        provenance=_SCALE,
        licence="not stated: that of the checkpoint's author",
    )
    if name not in _ORIGINS:
        return spec
    origin = _ORIGINS[name]
    return spec.model_copy(
        update={
            "weights": f"Popp et al. 2024, Table 2: ResNet-50 from {origin.start}, "
            f"trained blocks: {origin.trained}",
            "licence": LICENCE,
            "metrics": origin.metrics,
        }
    )


def import_published(
    path: Path, name: str, out: Path | None = None, *, spec: DetectorSpec | None = None
) -> Path:
    """Turn a checkpoint of the published architecture into a model file.

    The file's tensors are read with ``weights_only``, so no code in it can run, and stored in
    single precision: boxes and scores equal torchvision's.

    Parameters
    ----------
    path
        A ``state_dict`` of torchvision's ``fasterrcnn_resnet50_fpn`` with three classes and
        frozen batch-norm (295 tensors), as saved or wrapped in ``DataParallel``. Of plain
        batch-norm (348) the 53 counters are left out: the network is the same in evaluation.
    name
        One of `PUBLISHED`, whose sha256 is then asked for, or a name of your own.
    out
        File to write; ``None`` means the cache, where `find_model` finds it by its name.
    spec
        What to say of it instead of `published_spec`, such as another normalisation.

    Returns
    -------
    The file written.

    Raises
    ------
    ModelError
        If the name is taken, the file is damaged, not what its name says, holds anything but
        finite tensors, or a key or a shape does not fit.
    StoreError
        If the file cannot be written.
    """
    check_name(name)
    if name == DEFAULT or name in packaged_models():
        raise ModelError(f"model name {name}: a model that ships with clumpscope has it")
    spec = published_spec(name) if spec is None else spec
    if not isinstance(spec.architecture, Published):
        raise ModelError(expected_got(f"spec of {name}", "family published", "native"))
    sha256 = _checked_hash(path, name)
    what = f"checkpoint {path}"
    given = _renamed(named_tensors(read_checkpoint(path), what), path)
    kept = {key: tensor for key, tensor in given.items() if not key.endswith(_COUNTER)}
    wanted = layout(spec)
    fitting = kept if set(kept) == set(wanted) else given
    check_tensors(shapes_of(fitting), wanted, what)
    check_kinds(kept, what)
    check_numbers(kept, what)
    note = f"imported from {path.name}"
    if len(kept) < len(given):
        note += "; the counters of its plain batch-norms were left out"
    spec = spec.model_copy(
        update={
            "name": name,
            "weights_sha256": sha256,
            "provenance": f"{note}; {spec.provenance}" if spec.provenance else note,
        }
    )
    out = model_folder() / f"{name}.safetensors" if out is None else out
    save_tensors(out, {key: tensor.float() for key, tensor in kept.items()}, spec, half=False)
    return out


def _checked_hash(path: Path, name: str) -> str:
    try:
        found = sha256_file(regular(path, ModelError, MOST_MB))
    except OSError as error:
        raise ModelError(f"checkpoint {path}: {error.strerror}") from error
    published = PUBLISHED.get(name)
    if published is not None and found != published.sha256:
        what = f"checkpoint {path} as {name}"
        raise ModelError(
            expected_got(what, f"sha256 {published.sha256}", found)
            + "; import a retrained checkpoint under another name"
        )
    return found


def _renamed(tensors: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Drop the prefix of ``DataParallel`` and give the tensors today's names."""
    prefix = "module." if all(key.startswith("module.") for key in tensors) else ""
    renamed = {}
    for key, tensor in tensors.items():
        name = key.removeprefix(prefix)
        for old, new in _OLD_NAMES:
            name = old.sub(new, name)
        if name in renamed:
            raise ModelError(expected_got(f"checkpoint {path}", f"{name} once", "two names for it"))
        renamed[name] = tensor
    return renamed
