"""Where downloads live."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """Return ``$CLUMPSCOPE_CACHE``, else ``clumpscope`` in the platform's cache folder."""
    chosen = os.environ.get("CLUMPSCOPE_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "clumpscope"
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return (Path(base) if base else Path.home() / "AppData" / "Local") / "clumpscope"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "clumpscope"


def model_folder() -> Path:
    """Return the folder of downloaded and imported models."""
    return cache_folder() / "models"
