"""Times as a reader in the metric's zone says them."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from detector.model.grid import DAY_S
from detector.model.span import Span

__all__ = ["LocalTimes"]

# Not strftime: the names of days must not hang on the locale of the machine.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class LocalTimes:
    """Writes times for somebody who reads them at `now` in `zone`: the day is named where it is not today."""

    zone: str
    now: datetime

    def at(self, at: datetime) -> str:
        """An instant: `08:00`, `Mon 09 Mar 22:00`."""
        local = self._local(at)
        return self._clock(local) if local.date() == self._today.date() else f"{self._day(local)} {self._clock(local)}"

    def over(self, span: Span, every_s: int) -> str:
        """A run of buckets: `from 08:00 to 09:00`, `from Mon 09 Mar 22:00 to 24:00`, `on Mon 09 Mar`."""
        start, end = self._local(span.start_at), self._local(span.end_at)
        if every_s >= DAY_S:
            return self._over_days(start, end - timedelta(days=1))
        at_midnight = end.time() == time() and end.date() > start.date()
        last = end - timedelta(days=1) if at_midnight else end
        until = "24:00" if at_midnight else self._clock(end)
        if last.date() != start.date():
            until = f"{self._day(last)} {until}"
        return f"from {self.at(span.start_at)} to {until}"

    def _over_days(self, first: datetime, last: datetime) -> str:
        if first.date() >= last.date():
            return f"on {self._day(first)}"
        return f"from {self._day(first)} to {self._day(last)}"

    @property
    def _today(self) -> datetime:
        return self._local(self.now)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    def _day(self, local: datetime) -> str:
        year = f" {local.year}" if local.year != self._today.year else ""
        return f"{_DAYS[local.weekday()]} {local.day:02d} {_MONTHS[local.month - 1]}{year}"

    @staticmethod
    def _clock(local: datetime) -> str:
        """The zone's letters are added where the clock shows this time twice."""
        is_repeated = local.replace(fold=0).utcoffset() > local.replace(fold=1).utcoffset()  # type: ignore[operator]  # aware
        return f"{local:%H:%M} {local.tzname()}" if is_repeated else f"{local:%H:%M}"
