"""Create courses_courseprogress and courses_progress."""

import sqlalchemy as sa
from alembic import op

revision = "create_progress"
down_revision = "create_enrollments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_courseprogress",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "completion_percentage", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False
        ),
        sa.Column("last_accessed", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current_lesson_id", sa.BigInteger(), nullable=True),
        sa.Column("total_time_spent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lessons_completed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("assessments_passed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("study_streak_days", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_study_date", sa.Date(), nullable=True),
        sa.CheckConstraint("assessments_passed >= 0", name="course_progress_assessments_passed_positive"),
        sa.CheckConstraint(
            "completion_percentage >= 0 AND completion_percentage <= 100",
            name="course_progress_percentage_range",
        ),
        sa.CheckConstraint("lessons_completed >= 0", name="course_progress_lessons_completed_positive"),
        sa.CheckConstraint("study_streak_days >= 0", name="course_progress_study_streak_positive"),
        sa.PrimaryKeyConstraint("id", name="pk_courses_courseprogress"),
        sa.UniqueConstraint("user_id", "course_id", name="unique_course_progress"),
    )
    op.create_index("courses_cou_complet_96dc1c_idx", "courses_courseprogress", ["completion_percentage"])
    op.create_index("courses_cou_complet_977240_idx", "courses_courseprogress", ["completed_at"])
    op.create_index(
        "courses_cou_course__4ab7f3_idx", "courses_courseprogress", ["course_id", "completion_percentage"]
    )
    op.create_index("courses_cou_created_6c9322_idx", "courses_courseprogress", ["created_date"])
    op.create_index("courses_cou_study_s_9cf964_idx", "courses_courseprogress", ["study_streak_days"])
    op.create_index("courses_cou_updated_2dc6a5_idx", "courses_courseprogress", ["updated_date"])
    op.create_index("courses_cou_user_id_d1c82f_idx", "courses_courseprogress", ["user_id", "last_accessed"])
    op.create_index(
        "ix_courses_courseprogress_current_lesson_id", "courses_courseprogress", ["current_lesson_id"]
    )
    op.create_table(
        "courses_progress",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("is_completed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("completed_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("time_spent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("progress_percentage", sa.Integer(), server_default="0", nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("last_accessed", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"],
            ["courses_enrollment.id"],
            name="fk_courses_progress_enrollment_id_courses_enrollment",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_progress"),
        sa.UniqueConstraint("enrollment_id", "lesson_id", name="unique_progress_record"),
    )
    op.create_index("courses_pro_complet_5ebc5b_idx", "courses_progress", ["completed_date"])
    op.create_index("courses_pro_created_6822b9_idx", "courses_progress", ["created_date"])
    op.create_index("courses_pro_enrollm_e8bb03_idx", "courses_progress", ["enrollment_id", "is_completed"])
    op.create_index("courses_pro_lesson__76321e_idx", "courses_progress", ["lesson_id", "is_completed"])
    op.create_index("courses_pro_progres_c67c74_idx", "courses_progress", ["progress_percentage"])
    op.create_index("courses_pro_updated_f54b15_idx", "courses_progress", ["updated_date"])


def downgrade() -> None:
    op.drop_table("courses_progress")
    op.drop_table("courses_courseprogress")
