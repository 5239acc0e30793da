"""Everything that can go wrong on purpose.

    DetectorError
    ├── UsageError              the call itself is wrong                            exit code 2
    ├── ConfigError             detector.yml or a rule file is wrong; holds Faults
    ├── SourceError             a source did not answer, or not with what was asked
    │   ├── SourceUnavailable   may pass by itself: connection, lock, server restart
    │   ├── SourceTimeout       cut off at its deadline
    │   ├── QueryRejected       the database or the read-only fence refused the statement
    │   └── BadRows             the answer cannot be a series: text, two rows for a bucket, a missing column
    ├── DeployFeedError         a deploy report that cannot be stored
    │   └── DeliveryReused      a sender's number of a request came again with another content
    ├── DeliveryError           a destination that can never be reached as configured
    ├── TickAbandoned           the program is about to end; nothing of the tick was recorded
    └── StoreError              the detector's own store
        ├── StoreBusy           another process holds it
        ├── StoreFull           its disk has no space left; nothing that was kept is lost
        ├── StoreTooNew         written by a newer detector
        └── StoreDamaged        unreadable; says how to go on

Messages are for people: what was attempted, the value (secrets masked, at most 80 characters) and the fix.
Expected outcomes (too little history, missing, nothing stands out) are enum values in `detector.model`, never errors.
"""

from dataclasses import dataclass


class DetectorError(Exception):
    """The root: catch it where any trouble of ours ends one rule, one delivery or one command."""


class UsageError(DetectorError):
    """A command was called with something that cannot be."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake in one file: `line` and `column` count from 1, 0 where there is no position."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """Write the fault as compilers do, so that editors can jump to it."""
        position = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{position}: {self.message}"


class ConfigError(DetectorError):
    """One or more faults in detector.yml or the rule files; all of them at once."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Keep the faults in the order of file and line."""
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class SourceError(DetectorError):
    """A source could not be read; the metrics that need it get the outcome `error`."""


class SourceUnavailable(SourceError):
    """No connection, or lost; worth another try at the next tick."""


class SourceTimeout(SourceError):
    """The statement was cancelled at its deadline."""


class QueryRejected(SourceError):
    """The statement cannot run: syntax, permission, or more than one read-only SELECT."""


class BadRows(SourceError):
    """The rows came, but cannot be read as buckets and numbers."""


class DeployFeedError(DetectorError):
    """A deploy report with a field that cannot be."""


class DeliveryReused(DeployFeedError):
    """A request with the number of an earlier one and another content: a mistake of the sender, or a forgery."""


class DeliveryError(DetectorError):
    """A destination that no retry will reach."""


class TickAbandoned(DetectorError):
    """The program was told to end in the middle of a tick, which the next start makes up for."""


class StoreError(DetectorError):
    """The detector's own store failed."""


class StoreBusy(StoreError):
    """Another process is in the middle of a tick on this store."""


class StoreFull(StoreError):
    """The disk of the store has no space left; what was committed stays, and with space again the next try succeeds."""


class StoreTooNew(StoreError):
    """The store was upgraded by a newer detector than this one."""


class StoreDamaged(StoreError):
    """The store cannot be read as what it should be."""
