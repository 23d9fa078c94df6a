"""Objects in, objects out; a stage never imports another."""
