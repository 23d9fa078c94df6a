"""From composites to boxes."""
