"""Extend providers."""

import sqlalchemy as sa
from alembic import op

revision = "extend_providers"
down_revision = "extend_social"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "socialaccount_socialapp",
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    for name in ("created_at", "updated_at"):
        op.add_column(
            "socialaccount_socialapp",
            sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        )
    # The old site may have the same provider twice, for two sites; the older keeps the name.
    op.execute(
        "UPDATE socialaccount_socialapp AS later SET provider_id = "
        "coalesce(nullif(later.provider_id, ''), later.provider) || '-' || later.id "
        "WHERE EXISTS (SELECT FROM socialaccount_socialapp AS first WHERE first.id < later.id AND "
        "coalesce(nullif(first.provider_id, ''), first.provider) = "
        "coalesce(nullif(later.provider_id, ''), later.provider))"
    )
    op.create_index(
        "uq_socialaccount_socialapp_slug",
        "socialaccount_socialapp",
        [sa.text("coalesce(nullif(provider_id, ''), provider)")],
        unique=True,
    )
    op.create_table(
        "provider_slugs",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name="pk_provider_slugs"),
    )


def downgrade() -> None:
    op.drop_table("provider_slugs")
    op.drop_index("uq_socialaccount_socialapp_slug", table_name="socialaccount_socialapp")
    op.drop_column("socialaccount_socialapp", "updated_at")
    op.drop_column("socialaccount_socialapp", "created_at")
    op.drop_column("socialaccount_socialapp", "is_enabled")
