"""A model file anew with another spec and the same tensors."""

from pathlib import Path

from safetensors.numpy import load, save

from clumpscope.models.header import KEY, bounded
from clumpscope.models.spec import DetectorSpec
from clumpscope.store.atomic import atomic


def with_spec(source: Path, spec: DetectorSpec, out: Path) -> None:
    """Write the tensors of ``source`` with ``spec`` to ``out``.

    Raises
    ------
    ModelError
        If the source is larger than any model.
    StoreError
        If the file cannot be written.
    """
    tensors = load(bounded(source).read_bytes())
    content = save(tensors, metadata={KEY: spec.model_dump_json()})
    with atomic(out) as temporary:
        temporary.write_bytes(content)
