"""Destinations, through apprise."""
