"""Where Alembic starts for learning."""

from chassis.migrations import run_env
from learning.tables import metadata

run_env(metadata, service="learning")
