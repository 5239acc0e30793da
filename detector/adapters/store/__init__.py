"""The detector's own memory."""
