"""Extend email addresses."""

revision = "extend_email_addresses"
down_revision = "follow_revocations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""


def downgrade() -> None:
    """Filled by the slice that needs it."""
