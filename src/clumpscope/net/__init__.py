"""The only use of the network."""
