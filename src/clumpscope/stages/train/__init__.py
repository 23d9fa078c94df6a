"""Which galaxies a detector learns from, and which it is judged by."""
