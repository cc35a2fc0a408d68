"""Extend social."""

revision = "extend_social"
down_revision = "extend_email_addresses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""


def downgrade() -> None:
    """Filled by the slice that needs it."""
