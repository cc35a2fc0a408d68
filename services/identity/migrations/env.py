"""Where Alembic starts for identity."""

from chassis.migrations import run_env
from identity.tables import metadata

run_env(metadata, service="identity")
