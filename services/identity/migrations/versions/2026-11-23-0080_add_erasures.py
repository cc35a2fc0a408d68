"""Add erasures."""

import sqlalchemy as sa
from alembic import op

revision = "add_erasures"
down_revision = "add_audit_log"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erased_people",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tombstone_id", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("swept_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("user_id", name="pk_erased_people"),
    )
    op.create_index(
        "ix_erased_people_unswept",
        "erased_people",
        ["erased_at"],
        postgresql_where=sa.text("swept_at IS NULL"),
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("tombstone_id", sa.BigInteger(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("recipient_sealed", sa.LargeBinary()),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("receipt", sa.Text()),
        sa.Column("mail_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sa.UniqueConstraint("tombstone_id", name="uq_erasures_tombstone_id"),
        sa.UniqueConstraint("token_digest", name="uq_erasures_token_digest"),
    )
    op.create_index(
        "ix_erasures_open", "erasures", ["told_at"], postgresql_where=sa.text("completed_at IS NULL")
    )
    op.create_table(
        "erasure_reports",
        sa.Column("erasure_id", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("erasure_id", "service", name="pk_erasure_reports"),
        sa.ForeignKeyConstraint(
            ["erasure_id"],
            ["erasures.id"],
            name="fk_erasure_reports_erasure_id_erasures",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "retired_usernames",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_retired_usernames"),
    )


def downgrade() -> None:
    op.drop_table("retired_usernames")
    op.drop_table("erasure_reports")
    op.drop_table("erasures")
    op.drop_table("erased_people")
