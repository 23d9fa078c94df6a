"""Sloan Digital Sky Survey."""
