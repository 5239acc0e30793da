"""Prints this machine's settings of pip as one configuration file, for a build in a container to borrow.

pip_settings.py           the file; folders of this machine are left out, and certificates are where the build has them
pip_settings.py --cert    the path of the certificates that pip trusts here; nothing where it trusts its own

What it prints may hold a password, so it belongs into a file that nobody else reads and that is gone after the build.
"""  # noqa: INP001 - a script, no package

import ast
import os
import subprocess
import sys

INDEX_OPTIONS = (
    "index-url",
    "extra-index-url",
    "no-index",
    "trusted-host",
    "find-links",
    "proxy",
    "timeout",
    "retries",
)
OF_PLACES = ("index-url", "extra-index-url", "find-links")
CERT_IN_BUILD = "/run/secrets/ca.pem"


def settings() -> dict[str, str]:
    """Option -> value; what the environment says goes before what files say, as in pip."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.partition(".")
        if section in found:
            found[section][option] = str(ast.literal_eval(value))
    return {**found["global"], **found["install"], **found[":env:"]}


def configuration(found: dict[str, str], *, has_cert: bool) -> str:
    """What of it a build can use."""
    lines = ["[global]"]
    for option in INDEX_OPTIONS:
        values = found.get(option, "").split()
        if option in OF_PLACES:
            values = [value for value in values if "://" in value and not value.startswith("file:")]
        if values:
            lines.append(f"{option} = {' '.join(values)}")
    if has_cert:
        lines.append(f"cert = {CERT_IN_BUILD}")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Print what was asked for."""
    found = settings()
    cert = found.get("cert") or os.environ.get("SSL_CERT_FILE", "")
    if arguments == ["--cert"]:
        sys.stdout.write(cert)
    else:
        sys.stdout.write(configuration(found, has_cert=bool(cert)))


if __name__ == "__main__":
    main(sys.argv[1:])
