"""What earlier incidents taught about all services together; the defaults are what is published, or a guess."""

from dataclasses import dataclass
from math import log

__all__ = ["Experience"]


@dataclass(frozen=True, slots=True)
class Experience:
    """Where the ranking starts from.

    Attributes:
        deploy_share: of all incidents those with a deploy behind them. Published: about 0.7 (Google's SRE book), 0.50
            (SCWarn, FSE 2021), 0.33 (Kontrast, ISSRE 2022): 0.5 in the mean.
        lag_shares: how many of the guilty deploys show at once, within hours, and at any time of a day.
        sharpness: the power of all weights: below 1 where verdicts have shown that probabilities were too bold.
    """

    deploy_share: float = 0.50
    lag_shares: tuple[float, float, float] = (0.72, 0.20, 0.08)
    sharpness: float = 1.0

    @property
    def log_odds(self) -> float:
        """Log of the odds against a deploy, before anything else is known."""
        return log((1.0 - self.deploy_share) / self.deploy_share)
