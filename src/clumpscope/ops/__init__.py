"""Pure functions that two or more stages use."""
