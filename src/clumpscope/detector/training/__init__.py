"""From a training set to a network."""
