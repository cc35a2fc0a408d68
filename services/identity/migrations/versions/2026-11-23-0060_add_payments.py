"""Add payments."""

revision = "add_payments"
down_revision = "add_second_factors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""


def downgrade() -> None:
    """Filled by the slice that needs it."""
