"""What the shop's pipelines reported: twenty days of deploys of six services."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from detector.demo.shop import SEED
from detector.demo.trade import SATURDAY, ZONE, is_holiday
from detector.model.deploy import Deploy

__all__ = ["NEXT_VERSION", "deploy_of", "deploys"]

DAYS = 20
OFFICE_OPENS_H, OFFICE_CLOSES_H = 8.5, 17.5
# Service: deploys on a usual working day, the version it will have next, who works on it.
SERVICES = {
    "accounts": (0.3, 164, ("heidi", "ivan")),
    "catalogue": (0.4, 231, ("erin", "frank")),
    "checkout-api": (0.6, 412, ("alice", "bob")),
    "payments": (0.4, 188, ("carol", "dan")),
    "search": (0.4, 98, ("erin", "grace")),
    "web": (0.8, 1207, ("grace", "judy", "frank")),
}
NEXT_VERSION = {service: version for service, (_, version, _) in SERVICES.items()}


def deploys(now: datetime, seed: int = SEED) -> list[Deploy]:
    """Reports in order of time, in office hours of the working days before `now`; versions end below NEXT_VERSION."""
    rng = np.random.default_rng((seed, DAYS))
    today = now.astimezone(ZONE).date()
    days = [today - timedelta(days=back) for back in range(DAYS, -1, -1)]
    reports: list[Deploy] = []
    for service, (per_day, next_version, actors) in SERVICES.items():
        live_at = [at for day in days for at in _live_times(day, per_day, rng) if at < now]
        reports.extend(
            deploy_of(service, next_version - len(live_at) + number, at, actor=str(rng.choice(actors)))
            for number, at in enumerate(live_at)
        )
    return sorted(reports, key=lambda report: (report.received_at, report.id))


def deploy_of(service: str, version: int, live_at: datetime, *, actor: str) -> Deploy:
    """One report as a pipeline sends it when the last instance is live."""
    return Deploy(
        id=f"{service}-{version}",
        service=service,
        version=f"v{version}",
        received_at=live_at,
        started_at=live_at - timedelta(minutes=3),
        finished_at=live_at,
        actor=actor,
        url=f"https://ci.example/{service}/{version}",
        source="pipeline",
    )


def _live_times(day: date, per_day: float, rng: np.random.Generator) -> list[datetime]:
    count = rng.poisson(per_day)
    hours = np.sort(rng.uniform(OFFICE_OPENS_H, OFFICE_CLOSES_H, count))
    if day.weekday() >= SATURDAY or is_holiday(day):
        return []
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE)
    return [(midnight + timedelta(hours=float(hour))).replace(microsecond=0).astimezone(UTC) for hour in hours]
