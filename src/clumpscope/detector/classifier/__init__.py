"""A network that tells clumpy galaxies from others, whose encoder may start a detector."""
