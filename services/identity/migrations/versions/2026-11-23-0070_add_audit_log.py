"""Add audit log."""

revision = "add_audit_log"
down_revision = "add_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""


def downgrade() -> None:
    """Filled by the slice that needs it."""
