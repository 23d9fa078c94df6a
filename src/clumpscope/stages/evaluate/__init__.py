"""A catalogue against truth."""
