"""Files of any survey, understood and made a field."""
