"""Databases of the owners."""
