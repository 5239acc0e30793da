"""What a test says to a daemon over HTTP, with the token that its configuration names."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["TOKEN", "Caller", "Heard", "add_http"]

TOKEN = "a-token-of-these-tests"  # noqa: S105 - of these tests alone


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Caller:
    """A client of one daemon on loopback; a new connection for every request."""

    port: int

    def get(self, path: str) -> Heard:
        return self.ask("GET", path)

    def post(self, path: str, content: object) -> Heard:
        """As JSON."""
        return self.ask("POST", path, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Heard:
        """With the token, unless the headers say otherwise."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {TOKEN}", **(headers or {})})
            answer = connection.getresponse()
            return Heard(answer.status, answer.read().decode(), dict(answer.getheaders()))
        finally:
            connection.close()

    def figures(self) -> dict[str, float]:
        """What Prometheus would read: value by name and labels, as they are written."""
        lines = [line for line in self.get("/metrics").body.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def add_http(config: Path, port: int = 0) -> Path:
    """Have a daemon listen on loopback; port 0 takes a free one."""
    with config.open("a", encoding="utf-8") as file:
        file.write(f'http: {{listen: "127.0.0.1:{port}", tokens: ["{TOKEN}"]}}\n')
    return config
