"""A file a command: folders in, folders out."""
