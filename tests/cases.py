"""The case of the reference, and cases made from it."""

import copy
import json
from pathlib import Path
from typing import Any

__all__ = ["a_case", "a_deploy", "lay_case"]


def a_case(**changed: Any) -> dict[str, Any]:
    """Checkout revenue falls to nothing at eight, minutes after a deploy; three strangers deploy around it."""
    hours = [(day, hour) for day in (9, 10) for hour in range(24) if (day, hour) < (10, 9)]
    rows = [
        {
            "start": f"2026-03-{day:02}T{hour:02}:00:00Z",
            "value": 0.0 if (day, hour) == (10, 8) else 3900.0 + (hour * 37 + day) % 200,
            "expected": 4000.0,
            "low": 3300.0,
            "high": 4700.0,
        }
        for day, hour in hours
    ]
    whole = {
        "as_of": "2026-03-10T09:05:00Z",
        "metric": {"name": "revenue", "kind": "revenue", "bucket": "1h", "on": "drop", "services": ["checkout-api"]},
        "services": {
            "checkout-api": {"depends_on": ["payments"]},
            "payments": {"depends_on": []},
            "search": {"depends_on": []},
        },
        "series": rows,
        "segments": [
            {"by": {"country": "DE"}, "value": 0.0, "expected": 2500.0},
            {"by": {"country": "FR"}, "value": 0.0, "expected": 1500.0},
        ],
        "deploys": [
            a_deploy("d-412", "checkout-api", "2026-03-10T07:50:00Z", "2026-03-10T07:52:00Z"),
            a_deploy("d-398", "search", "2026-03-10T08:38:00Z", "2026-03-10T08:40:00Z"),
            a_deploy("d-397", "search", "2026-03-09T15:00:00Z", "2026-03-09T15:02:00Z"),
            a_deploy("d-396", "payments", "2026-03-08T15:00:00Z", "2026-03-08T15:02:00Z"),
        ],
        "record": {"checkout-api": {"deploys": 120, "guilty": 9}},
    }
    return {**whole, **changed}


def a_deploy(id_: str, service: str, started_at: str, finished_at: str) -> dict[str, Any]:
    return {
        "id": id_,
        "service": service,
        "environment": "production",
        "version": id_.replace("d-", "v"),
        "started_at": started_at,
        "finished_at": finished_at,
        "status": "success",
        "kind": "deploy",
        "rollback_of": None,
        "scope": {"percent": 100},
        "actor": "alice",
        "url": f"https://ci.example/{id_[2:]}",
    }


def lay_case(path: Path, case: object) -> Path:
    path.write_text(json.dumps(copy.deepcopy(case)), encoding="utf-8")
    return path
