"""Asks the daemon in this container whether it is well: exit code 0 or 1, and one line why.

It runs every half minute beside the daemon, so it imports the least that can speak HTTP and reads no configuration.
`DETECTOR_HEALTH_URL` says where; change it together with `http: {listen: ...}` in detector.yml.
"""  # noqa: INP001 - a script of the image, no package

import http.client
import os
import sys

WITHIN_S = 4
SHOWN = 300


def ask(url: str) -> tuple[bool, str]:
    """Whether the answer is 200, and what to show of it."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme != "http" or not host:
        return False, f"DETECTOR_HEALTH_URL must be http://HOST:PORT/healthz; it is {url}"
    try:
        connection = http.client.HTTPConnection(host, timeout=WITHIN_S)
        connection.request("GET", slash + path)
        answer = connection.getresponse()
        said = answer.read(SHOWN).decode(errors="replace").strip()
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        return False, f"{url} does not answer ({error}); is it the address of `http: listen` in detector.yml?"
    return answer.status == http.client.OK, f"{answer.status} {said}"


def main() -> int:
    """Ask, tell and judge."""
    is_well, said = ask(os.environ.get("DETECTOR_HEALTH_URL", "http://127.0.0.1:8080/healthz"))
    sys.stdout.write(f"{said}\n")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
