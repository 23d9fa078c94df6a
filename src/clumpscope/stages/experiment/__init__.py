"""Tables and curves of the paper, from labels and runs."""
