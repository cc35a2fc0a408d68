"""Where Alembic starts for catalog."""

from catalog.tables import metadata
from chassis.migrations import run_env

run_env(metadata, service="catalog")
