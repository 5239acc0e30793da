"""One tick, stage by stage."""
