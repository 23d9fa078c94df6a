"""Images of any survey, made ready to be cut out: units, noise, masks, PSFs."""
