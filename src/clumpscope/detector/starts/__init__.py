"""Weights of encoders, whoever saved them: read, told apart by their keys, fitted key by key."""
