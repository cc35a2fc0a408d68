"""Add second factors."""

revision = "add_second_factors"
down_revision = "extend_providers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""


def downgrade() -> None:
    """Filled by the slice that needs it."""
