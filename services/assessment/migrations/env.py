"""Where Alembic starts for assessment."""

from assessment.tables import metadata
from chassis.migrations import run_env

run_env(metadata, service="assessment")
