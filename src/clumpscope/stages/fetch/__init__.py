"""Cutouts, PSFs and host tables from survey images."""
