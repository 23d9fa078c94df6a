"""Cutouts from surveys: one protocol, local frames or archives."""
