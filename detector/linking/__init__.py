"""Pure: which deploy, which segment."""
