"""Text that must never be read by accident."""

from dataclasses import dataclass, field

__all__ = ["Secret"]


@dataclass(frozen=True, slots=True)
class Secret:
    """A connection URL, a token or a webhook address: shown as its label, never as itself.

    Attributes:
        hidden: the secret; ask for it only where it is used.
        label: what people may read instead, such as `${SHOP_DATABASE_URL}` or a masked URL.
    """

    hidden: str = field(repr=False)
    label: str = "***"

    def __str__(self) -> str:
        """Write the label; formatting a secret into a message is harmless."""
        return self.label
