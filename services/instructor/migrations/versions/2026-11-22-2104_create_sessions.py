"""Create instructor_portal_instructorsession."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_sessions"
down_revision = "create_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instructor_portal_instructorsession",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("instructor_id", sa.BigInteger(), nullable=False),
        sa.Column("session_key", sa.String(), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("device_type", sa.String(), server_default="", nullable=False),
        sa.Column("location", sa.String(), server_default="", nullable=False),
        sa.Column("login_time", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("last_activity", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("logout_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("is_suspicious", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("security_notes", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["instructor_id"],
            ["instructor_portal_instructorprofile.id"],
            name="fk_instructor_portal_instructorsession_instructor_id_in_fc87",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_instructorsession"),
        sa.UniqueConstraint("session_key", name="uq_instructor_portal_instructorsession_session_key"),
    )
    op.create_index(
        "instructor__instruc_a56576_idx",
        "instructor_portal_instructorsession",
        ["instructor_id", sa.text("login_time DESC")],
    )
    op.create_index(
        "instructor__ip_addr_6fb7f3_idx", "instructor_portal_instructorsession", ["ip_address", "login_time"]
    )
    op.create_index(
        "instructor__is_acti_dbf638_idx",
        "instructor_portal_instructorsession",
        ["is_active", "last_activity"],
    )


def downgrade() -> None:
    op.drop_table("instructor_portal_instructorsession")
