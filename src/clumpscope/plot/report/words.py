"""What a report says of a run in words, from its manifest."""

import json

import numpy as np
from astropy.table import QTable

from clumpscope.config.recipe import Recipe
from clumpscope.config.show import differences, show
from clumpscope.store.manifest import RunManifest

_METHOD = (
    "Popp et al. 2024, RAS Techniques and Instruments 3, 174 (doi:10.1093/rasti/rzae013, "
    "arXiv:2312.03503)"
)


def facts(manifest: RunManifest, threshold: float) -> list[tuple[str, str]]:
    """What was run: words and values."""
    model, seconds = manifest.model, manifest.timings.get("seconds", float("nan"))
    found = [
        ("Command", f"clumpscope {manifest.command}"),
        ("Sample", manifest.inputs.get("sample", "unknown")),
        ("Model", f"{model.get('file', 'unknown')}, score threshold {threshold:g}"),
        ("Recipe", _changed(manifest)),
        ("Version", f"clumpscope {manifest.versions.get('clumpscope', 'unknown')}"),
        ("Finished", manifest.created.replace("T", " ").replace("+00:00", " UTC")),
    ]
    return found + ([("Took", _duration(seconds))] if np.isfinite(seconds) else [])


def _changed(manifest: RunManifest) -> str:
    try:
        changed = differences(Recipe.model_validate(manifest.recipe))
    except ValueError:
        return "of another version of clumpscope"
    told = ", ".join(f"{key} = {value}" for key, value, _ in changed)
    return f"defaults but for {told}" if told else "defaults"


def recipe_text(manifest: RunManifest) -> str:
    """The recipe as TOML; one of another version as it was kept."""
    try:
        return show(Recipe.model_validate(manifest.recipe))
    except ValueError:
        return json.dumps(manifest.recipe, indent=2)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = zip((hours, minutes, rest), ("h", "min", "s"), strict=True)
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or f"{seconds:.1f} s"


def cite(manifest: RunManifest, clumps: QTable, threshold: float) -> list[str]:
    """How to name in a paper what was used."""
    version = manifest.versions.get("clumpscope", "unknown")
    sha = str(manifest.model.get("sha256", "unknown"))[:12]
    schema = clumps.meta.get("schema_version", "unknown")
    return [
        f"In a paper: “Clumps were found and measured with clumpscope {version}, model "
        f"{manifest.model.get('file', 'unknown')} (sha256 {sha}…), score threshold {threshold:g}, "
        f"table schema {schema}.” The method is that of {_METHOD}; stars' colours are those of "
        "Covey et al. 2007, AJ 134, 2398.",
        "Name columns as below; (galaxy_id, clump_id) is a clump's key. Say which quality you "
        "took: 0 for fluxes and colours, 0 and 1 for counts, never 2. is_clump_3pct and "
        "is_clump_8pct cut the measured flux ratio, p_3pct and p_8pct are the chances that the "
        "true one is over it. completeness and p_real are NaN where no model of them was fitted.",
    ]
