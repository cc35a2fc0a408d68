"""Where Alembic starts for instructor."""

from chassis.migrations import run_env
from instructor.tables import metadata

run_env(metadata, service="instructor")
