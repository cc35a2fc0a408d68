"""Where Alembic starts for analytics."""

from analytics.tables import metadata
from chassis.migrations import run_env

run_env(metadata, service="analytics")
