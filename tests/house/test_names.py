"""Names say what a thing is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tree import ROOT, python_files

SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "handler", "process", "info"}
HAVE_A_BETTER_WORD = {"kpi": "metric", "forecast": "expectation", "mute": "silence", "rootcause": "suspect"}
OF_OTHERS = {"process_bind_param", "process_result_value"}  # sqlalchemy calls its column types by these
BANNED = SAY_NOTHING | HAVE_A_BETTER_WORD.keys()


def words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def names_given(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def bad_names(path: Path) -> list[str]:
    given = [(1, path.stem), (1, path.parent.name), *names_given(ast.parse(path.read_text(encoding="utf-8")))]
    return [f"line {line}, {name}" for line, name in given if BANNED & set(words(name)) and name not in OF_OTHERS]


def test_names_hold_no_banned_word() -> None:
    """No module, class, function, argument or variable is called by a word of the glossary's other column."""
    found = [
        f"{path.relative_to(ROOT)}: {bad}" for path in python_files("detector", "benchmarks") for bad in bad_names(path)
    ]
    assert found == []


def test_names_in_tests_may_speak_of_processes() -> None:
    """Tests start and kill processes; the other words say as little there as anywhere."""
    found = [f"{path.relative_to(ROOT)}: {bad}" for path in python_files("tests") for bad in bad_names(path)]
    assert [bad for bad in found if "process" not in bad] == []


@pytest.mark.parametrize("name", ["RuleManager", "row_helpers", "process_rows", "HTTPInfo", "utils"])
def test_names_are_taken_apart(name: str) -> None:
    """The check sees a banned word in camel case, in snake case and alone."""
    assert BANNED & set(words(name))


@pytest.mark.parametrize("name", ["subprocess", "contextmanager", "tzinfo", "commonly"])
def test_names_with_a_longer_word_pass(name: str) -> None:
    """A banned word inside a longer one is none."""
    assert not BANNED & set(words(name))
