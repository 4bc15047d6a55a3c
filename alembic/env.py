"""Runs revisions on the connection that `api.platform.database.migrations` hands over."""

from alembic import context
from api.catalogue import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    include_schemas=True,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
