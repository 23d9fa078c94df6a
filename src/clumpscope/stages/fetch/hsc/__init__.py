"""Hyper Suprime-Cam: what is asked of its services."""
