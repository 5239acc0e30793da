"""detector.yml and the rule files; the home of yaml, pydantic and sqlglot."""
