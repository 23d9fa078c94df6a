"""Maps work over shards of galaxies."""
