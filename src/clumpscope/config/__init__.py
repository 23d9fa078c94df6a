"""Recipes: frozen, validated models of every setting; a file a command."""
