"""Databases of the owners, read-only: SQLite, PostgreSQL, MySQL and MariaDB.

    reading.py       the source itself: one method for each promise of ports.MetricSource
    asking.py        one statement to the database and its answer
    engines.py       connections that cannot write, with their limits
    mysql_engines.py the same for MySQL and MariaDB
    databases.py     which databases there are
    deadline.py      what ends a statement that runs too long
    faults.py        driver errors in words for people, without secrets
    mysql_faults.py  those of MySQL and MariaDB
    advice.py        what to do about troubles that all have
    time_columns.py  what kind of time a column holds, and how to compare it
    axis_sql.py      arithmetic on times in each database's spelling
    walls.py         wall time without a zone, and the instants it stands for
    statements.py    the SQL of the short form
    long_form.py     the owner's own SELECT, with `:start` and `:end`
    mysql_text.py    why that SELECT stays a subquery in MySQL
    answers.py       rows into numbers
    owner_rows.py    rows of the long form into buckets
    roles.py         what the role may do
    counters.py      how many statements and rows a source has cost

Importing this package imports sqlalchemy; only detector/app.py should, and late.
"""

from detector.adapters.sources.counters import Counters
from detector.adapters.sources.reading import SqlSource, open_source

__all__ = ["Counters", "SqlSource", "open_source"]
