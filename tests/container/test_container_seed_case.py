"""The seed case through the container: deploys come in over HTTP, the message goes out, and a kill loses nothing."""

import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from container.engine import VOLUME_PATH, Container, Image, readable
from container.fresh_shop import Story, story_at, write_trade
from receiver import Hang, Receiver
from shops import write_config

TOKEN = "a-token-of-this-test"  # noqa: S105 - of this test alone
A_TICK_S = 150.0
"""From the start of a daemon to what its first tick or two send, on a busy machine."""
POSSIBLE_REPEAT = "possible repeat"


class Stand:
    """A shop that has stopped selling, its team listening, and a volume for the daemon that is to notice."""

    def __init__(self, folder: Path, image: Image, volume: str, urls: tuple[str, str], team: Receiver) -> None:
        self.image, self.volume, self.team = image, volume, team
        self.story: Story = story_at(datetime.now(UTC))  # noqa: TID251 - the container's clock is this one
        self.port = free_port()
        source, store = urls
        self.is_in_a_file = store.startswith("sqlite")
        self._shop = folder / "shop.db"
        write_trade(source.replace("SHOP", str(self._shop)), self.story)
        self.config = write_config(
            folder / "config",
            source=source.replace("SHOP", "/srv/shop.db"),
            store=store,
            checkout=team.apprise_url,
            platform=team.apprise_url,
            rules="team: checkout\nmetrics: {}\n",
        )
        with self.config.open("a", encoding="utf-8") as config:
            config.write(f'http: {{listen: "127.0.0.1:{self.port}", tokens: ["{TOKEN}"]}}\n')
        readable(self.config.parent)

    def start(self) -> Container:
        options = [f"--volume={self.config.parent}:/etc/detector:ro", "--env", f"DETECTOR_HEALTH_URL={self.health_url}"]
        if self._shop.exists():
            options.append(f"--volume={readable(self._shop)}:/srv/shop.db:ro")
        return Container(self.image, self.volume, options)

    @property
    def health_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/healthz"

    def ask(self, method: str, path: str, content: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if content is None else json.dumps(content), headers)
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body.startswith((b"{", b"[")) else body.decode()
        finally:
            connection.close()

    def is_alive(self) -> bool:
        return self._is_well("/healthz")

    def is_ready(self) -> bool:
        """It has rules, too."""
        return self._is_well("/readyz")

    def _is_well(self, path: str) -> bool:
        try:
            return self.ask("GET", path)[0] == http.client.OK
        except OSError:
            return False

    def tell_rules(self) -> None:
        """The team's rules arrive while the daemon runs, as a pull of their repository would bring them."""
        (self.config.parent / "rules" / "checkout.yml").write_text(self.story.rules, encoding="utf-8")

    def heard(self) -> list[str]:
        return [f"{got.json['title']}\n{got.json['message']}" for got in self.team.received]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_so: Callable[[], bool], container: Container, within_s: float = 60.0) -> None:
    """Ask every fifth of a second; a container that ends meanwhile is a failure that shows what it said."""
    deadline, pause = time.monotonic() + within_s, Event()
    while not is_so():
        assert not container.has_ended, container.said
        assert time.monotonic() < deadline, container.said
        pause.wait(0.2)


@pytest.fixture(params=["sqlite", "postgresql"])
def stand(request: pytest.FixtureRequest, image: Image, tmp_path: Path) -> Iterator[Stand]:
    with image.volume() as volume, Receiver() as team:
        if request.param == "sqlite":
            urls = "sqlite:///SHOP", f"sqlite:///{VOLUME_PATH}/detector.db"
            yield Stand(tmp_path, image, volume, urls, team)
            return
        server = request.getfixturevalue("postgres_server")
        with server.database() as source, server.database() as store:
            yield Stand(tmp_path, image, volume, (source, store), team)


def test_seed_case_in_its_container(stand: Stand) -> None:
    """The deploy is named; a kill in the middle of sending loses nothing, and the repeat says that it may be one."""
    stand.team.script(Hang())
    with stand.start() as first:
        wait_until(stand.is_alive, first)
        code, recorded = stand.ask("POST", "/api/v1/deploys", stand.story.deploys())
        assert code == 201, recorded
        assert first.execute("python3", "-I", "-S", "/opt/detector/healthcheck.py").returncode == 0
        stand.tell_rules()
        stand.team.wait_for(1, A_TICK_S)
        assert first.kill() == 137
        stand.team.release()

    with stand.start() as second:
        wait_until(stand.is_ready, second)
        assert {deploy["version"] for deploy in stand.ask("GET", "/api/v1/deploys")[1]["deploys"]} >= {"v412", "v98"}
        stand.team.wait_for(2, A_TICK_S)
        assert second.execute("detector", "status", "--json").stdout.startswith("{")
        copied = second.execute("detector", "store", "backup", f"{VOLUME_PATH}/copy.db")
        assert copied.returncode == (0 if stand.is_in_a_file else 1), copied.stderr
        assert second.stop() == 0, second.said

    alert, repeat = stand.heard()
    assert re.match(r"Checkout revenue is 0 € - usually about [34],\d00 € from ", alert)
    assert "Suspect: checkout-api v412 by alice, live " in alert
    assert POSSIBLE_REPEAT not in alert
    assert POSSIBLE_REPEAT in repeat
    assert repeat.splitlines()[0] == alert.splitlines()[0]
