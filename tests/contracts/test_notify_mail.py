"""Mail: a message is one mail with the headers that we meant."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from detector.adapters.notify.apprise_notifier import AppriseNotifier
from detector.model.notification import Notification, Reason
from detector.model.secret import Secret


class Postbox(socketserver.TCPServer):
    """Speaks as much SMTP as one mail needs, and keeps it."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Conversation)


class Conversation(socketserver.StreamRequestHandler):
    server: Postbox

    def handle(self) -> None:
        self.wfile.write(b"220 postbox\r\n")
        while line := self.rfile.readline():
            match line[:4].upper():
                case b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    self.server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                    self.wfile.write(b"250 taken\r\n")
                case b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                case _:
                    self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with Postbox() as box:
        thread = threading.Thread(target=box.serve_forever, args=(0.02,))
        thread.start()
        yield box
        box.shutdown()
        thread.join()


def test_a_title_cannot_forge_headers(postbox: Postbox) -> None:
    """Line breaks in a title end nowhere near the headers, and the text arrives as it is."""
    body = "Missing so far: about 4,000 € since 08:00\n  the only deploy in 6 h"
    title = "Revenue is 0 €\r\nBcc: everybody@shop.example\r\n\r\nforged"
    message = Notification("k", "checkout", Reason.OPENED, title, body, datetime(2026, 3, 10, 8, 5, tzinfo=UTC))
    port = postbox.server_address[1]
    url = f"mailto://127.0.0.1:{port}/?to=oncall@shop.example&from=detector@shop.example&mode=insecure"
    assert AppriseNotifier().send(Secret(url), message, may_repeat=False).ok
    (raw,) = postbox.mails
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Revenue is 0 € Bcc: everybody@ shop.example forged"
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").strip() == body
