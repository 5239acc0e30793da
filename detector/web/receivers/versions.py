"""What to call a version that is told as a git reference and a commit."""

import re

__all__ = ["version_of"]

_TAG = re.compile(r"v?\d+(?:\.\d+)+[\w.+-]*|v\d+[\w.+-]*", re.ASCII)
_SHORT = 8


def version_of(ref: object, commit: object) -> object:
    """The tag where the reference is one; a branch says nothing, so then the commit, shortened."""
    name = ref if isinstance(ref, str) else ""
    if name.startswith("refs/tags/"):
        return name.removeprefix("refs/tags/")
    if _TAG.fullmatch(name):
        return name
    return commit[:_SHORT] if isinstance(commit, str) and commit else ref
