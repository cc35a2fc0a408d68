"""Add erasures."""

revision = "add_erasures"
down_revision = "add_audit_log"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""


def downgrade() -> None:
    """Filled by the slice that needs it."""
