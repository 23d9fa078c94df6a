"""Figures of Popp et al. 2024, each from the table that lies beside it."""
