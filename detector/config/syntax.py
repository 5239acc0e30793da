"""The YAML parser's complaints, in words that say what to do."""

import yaml

from detector.config.words import shown

__all__ = ["syntax_mistake"]

# What the parser says (its texts are stable since 2006), and what a person should do.
_ADVICE = (
    ("mapping values are not allowed", "a colon cannot stand here: put the value in quotes, or check the indentation"),
    ("did not find expected key", "a key is expected here: check the indentation, and quote the whole value"),
    ("did not find expected '-' indicator", "this list ends too early: check the indentation"),
    ("did not find expected ',' or ']'", "the list opened with [ is not closed before here"),
    ("did not find expected ',' or '}'", "the mapping opened with { is not closed before here"),
    ("could not find expected ':'", "a key without a colon: write `key: value`"),
    ("incompatible YAML document", "this file is read as YAML 1.2: delete the %YAML line"),
    ("did not find expected <document start>", "the text goes on after its end: check the indentation"),
)


def syntax_mistake(error: yaml.YAMLError, lines: list[str]) -> tuple[int, int, str]:
    """Line and column (from 1) of a syntax error, and a message with an excerpt."""
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML")
    opened = getattr(error, "context_mark", None)
    if "end of stream" in problem and "quoted scalar" in str(getattr(error, "context", "")) and opened is not None:
        return (
            opened.line + 1,
            opened.column + 1,
            "the quote opened here is never closed" + _excerpt(lines, opened.line),
        )
    if mark is None:
        return 1, 1, f"not YAML: {problem}"
    return mark.line + 1, mark.column + 1, _advice(problem, lines, mark) + _excerpt(lines, mark.line)


def _advice(problem: str, lines: list[str], mark: yaml.Mark) -> str:
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "a tab indents this line: use blanks"
    if "cannot start any token" in problem:
        return f"a value cannot begin with {shown(line[mark.column : mark.column + 1])}: put it in quotes"
    return next((advice for said, advice in _ADVICE if said in problem), f"not YAML: {problem}")


def _excerpt(lines: list[str], index: int) -> str:
    """The key of the line; its value may be a secret."""
    line = lines[index].strip() if index < len(lines) else ""
    key = line.split(":", 1)[0].strip()
    return f" (at {shown(key)})" if ":" in line and key else ""
