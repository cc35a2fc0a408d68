"""Follow revocations."""

revision = "follow_revocations"
down_revision = "create_mail_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""


def downgrade() -> None:
    """Filled by the slice that needs it."""
