"""Encoders trained on whole galaxies before a detector begins with them: what all share."""
