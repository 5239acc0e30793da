"""Lists the tests that could not be run, from pytest's JUnit file; in CI each of them is a failure.

Called as `python tests/house/not_run.py .build/tests.xml`.
"""

import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path


def not_run(report: Path) -> list[str]:
    """One line for each skipped test: its name, and why."""
    lines = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  written by our own pytest a moment ago
        skipped = case.find("skipped")
        if skipped is not None and skipped.get("type") != "pytest.xfail":
            lines.append(f"{case.get('classname')}::{case.get('name')}: {skipped.get('message')}")
    return sorted(lines)


def main(path: str) -> int:
    """Print the list; 1 in CI when it holds something, 0 otherwise."""
    report = Path(path)
    if not report.exists():
        sys.stderr.write(f"{path} is missing: pytest did not come to its end\n")
        return 1
    lines = not_run(report)
    if not lines:
        sys.stdout.write("Everything could be run.\n")
        return 0
    sys.stdout.write("Could not be run:\n" + "".join(f"  {line}\n" for line in lines))
    return 1 if os.environ.get("CI", "").lower() == "true" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
