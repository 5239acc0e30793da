"""Watches business metrics, names the suspect deploy and tells the team that owns the metric."""

__version__ = "0.1.0"
