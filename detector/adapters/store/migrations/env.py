"""Run by Alembic, with the connection that `migrating.configuration` hands over."""

from alembic import context

from detector.adapters.store.schema import VERSION_TABLE
from detector.adapters.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite cannot alter most things of a table; Alembic then builds it anew
    transactional_ddl=True,  # true of SQLite as well once the driver is kept from committing (engines.py)
)
context.run_migrations()
