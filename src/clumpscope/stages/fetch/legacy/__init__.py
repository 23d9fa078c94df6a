"""The Legacy Surveys: what is asked of their services."""
