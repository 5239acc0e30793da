"""A shop that sells, a deploy that breaks it, and the message its team would read."""
