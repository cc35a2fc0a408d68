"""Create content_testimonial."""

import sqlalchemy as sa
from alembic import op

revision = "create_testimonials"
down_revision = "create_reviews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_testimonial",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("role", sa.String(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("avatar", sa.String(), nullable=True),
        sa.Column("featured", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_content_testimonial"),
    )


def downgrade() -> None:
    op.drop_table("content_testimonial")
