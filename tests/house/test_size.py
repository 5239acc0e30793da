"""A module is read in one sitting, a function at one glance."""

import ast
from collections.abc import Iterator

from tree import ROOT, python_files

LONGEST_MODULE, LONGEST_FUNCTION, USUAL_FUNCTION = 300, 50, 30


def function_lengths() -> Iterator[tuple[int, str]]:
    for path in python_files("detector"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                yield length, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def test_modules_are_short() -> None:
    """No module of the package has more than 300 lines."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files("detector", "benchmarks")
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_functions_fit_a_screen() -> None:
    """No function has more than 50 lines."""
    assert [where for length, where in function_lengths() if length > LONGEST_FUNCTION] == []


def test_most_functions_are_short() -> None:
    """Nine functions in ten have fewer than 30 lines."""
    lengths = [length for length, _ in function_lengths()]
    assert sum(length < USUAL_FUNCTION for length in lengths) >= 0.9 * len(lengths)
