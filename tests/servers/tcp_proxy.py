"""A proxy on loopback that can stop passing bytes on, as a firewall that drops packets does."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

__all__ = ["TcpProxy", "tcp_proxy"]


class TcpProxy:
    """Passes bytes between its own port and a server's until `black_hole` is set: then it swallows them.

    `only_upwards` swallows what the server says, and still passes on what it is told.
    """

    def __init__(self, target_port: int) -> None:
        self.black_hole = Event()
        self.only_upwards = Event()
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        self.port = int(self._listener.getsockname()[1])
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target_port))
                self._sockets += [client, server]
                Thread(target=self._pass_on, args=(client, server, None), daemon=True).start()
                Thread(target=self._pass_on, args=(server, client, self.only_upwards), daemon=True).start()

    def _pass_on(self, left: socket.socket, right: socket.socket, swallows: Event | None) -> None:
        with suppress(OSError):
            while received := left.recv(65_536):
                if not self.black_hole.is_set() and not (swallows and swallows.is_set()):
                    right.sendall(received)
            right.shutdown(socket.SHUT_WR)


@contextmanager
def tcp_proxy(target_port: int) -> Iterator[TcpProxy]:
    proxy = TcpProxy(target_port)
    try:
        yield proxy
    finally:
        proxy.close()
