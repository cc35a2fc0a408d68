"""Create courses_enrollment."""

import sqlalchemy as sa
from alembic import op

revision = "create_enrollments"
down_revision = "create_chassis_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_enrollment",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), server_default="active", nullable=False),
        sa.Column("completion_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_accessed", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("enrolled_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("total_time_spent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("progress_percentage", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_lesson_accessed_id", sa.BigInteger(), nullable=True),
        sa.Column("state_version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "time_counted_until", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint(
            "status IN ('active', 'completed', 'dropped')", name="ck_courses_enrollment_status_known"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_enrollment"),
        sa.UniqueConstraint("user_id", "course_id", name="unique_active_enrollment"),
    )
    op.create_index("courses_enr_complet_57338c_idx", "courses_enrollment", ["completion_date"])
    op.create_index("courses_enr_course__78d524_idx", "courses_enrollment", ["course_id", "status"])
    op.create_index("courses_enr_created_2cb035_idx", "courses_enrollment", ["created_date"])
    op.create_index("courses_enr_enrolle_17cda0_idx", "courses_enrollment", ["enrolled_date"])
    op.create_index("courses_enr_progres_dba947_idx", "courses_enrollment", ["progress_percentage"])
    op.create_index("courses_enr_status_4fd017_idx", "courses_enrollment", ["status"])
    op.create_index("courses_enr_updated_05225a_idx", "courses_enrollment", ["updated_date"])
    op.create_index("courses_enr_user_id_ce8b5b_idx", "courses_enrollment", ["user_id", "status"])
    op.create_index(
        "ix_courses_enrollment_last_lesson_accessed_id", "courses_enrollment", ["last_lesson_accessed_id"]
    )


def downgrade() -> None:
    op.drop_table("courses_enrollment")
