"""Importing this loads all that a detector needs; for processes that others are forked off."""

from clumpscope.detector.quickly import load

load()

import clumpscope.detector.predict  # noqa: E402, F401  (after what it loads)
