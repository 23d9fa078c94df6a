"""From volunteers' marks to boxes: one posterior over truths, volunteers and images."""
