"""A network that answers questions about the shapes of galaxies; its encoder starts a detector."""
