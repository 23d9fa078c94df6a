"""The detectors; the only package that imports torch, and only in its submodules."""
