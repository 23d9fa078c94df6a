"""What a model file is: its spec, its header, where models are. No torch."""
