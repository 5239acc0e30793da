"""Pure decisions: what is due, incidents, reasons, words."""
