"""Training labels: cuts, run-groups, and the formats of others."""
