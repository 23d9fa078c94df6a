"""Own files of any survey, made a sample."""
