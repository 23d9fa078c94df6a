"""Simulated surveys with exact truth."""
