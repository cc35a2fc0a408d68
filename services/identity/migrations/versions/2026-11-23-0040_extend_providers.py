"""Extend providers."""

revision = "extend_providers"
down_revision = "extend_social"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""


def downgrade() -> None:
    """Filled by the slice that needs it."""
