"""Create fold state."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_fold_state"
down_revision = "create_schedules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erased_users",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tombstone_id", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_erased_users"),
    )
    op.create_table(
        "fold_assessment",
        sa.Column("assessment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("graded", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("percents", sa.Numeric(precision=30, scale=12), nullable=False),
        sa.PrimaryKeyConstraint("assessment_id", name="pk_fold_assessment"),
    )
    op.create_index("ix_fold_assessment_course_id", "fold_assessment", ["course_id"])
    op.create_table(
        "fold_attempt",
        sa.Column("attempt_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("assessment_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("max_score", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("question_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("answered", postgresql.ARRAY(sa.Boolean()), nullable=False),
        sa.Column("correct", postgresql.ARRAY(sa.Boolean()), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_fold_attempt"),
    )
    op.create_index("ix_fold_attempt_user_id", "fold_attempt", ["user_id"])
    op.create_table(
        "fold_certificate",
        sa.Column("certificate_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("issued", sa.Boolean(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", name="pk_fold_certificate"),
    )
    op.create_table(
        "fold_course",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("first_published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("enrollments", sa.Integer(), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("timed", sa.Integer(), nullable=False),
        sa.Column("microseconds", sa.Numeric(precision=30, scale=0), nullable=False),
        sa.Column("students", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("attempted", sa.Integer(), nullable=False),
        sa.Column("wrote", sa.Integer(), nullable=False),
        sa.Column("assessments", sa.Integer(), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("ratings", sa.BigInteger(), nullable=False),
        sa.Column("satisfied", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("course_id", name="pk_fold_course"),
    )
    op.create_index("ix_fold_course_lead_id", "fold_course", ["lead_id"])
    op.create_table(
        "fold_enrollment",
        sa.Column("enrollment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_version", sa.BigInteger(), nullable=False),
        sa.Column("progress", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("progress_version", sa.BigInteger(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enrolled_version", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enrollment_id", name="pk_fold_enrollment"),
    )
    op.create_index("ix_fold_enrollment_user_id", "fold_enrollment", ["user_id"])
    op.create_table(
        "fold_lesson",
        sa.Column("enrollment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("enrollment_id", "lesson_id", name="pk_fold_lesson"),
    )
    op.create_table(
        "fold_month",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("purchases", sa.Integer(), nullable=False),
        sa.Column("refunds", sa.Integer(), nullable=False),
        sa.Column("net", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("course_id", "month", name="pk_fold_month"),
    )
    op.create_table(
        "fold_participant",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enrolled", sa.Integer(), nullable=False),
        sa.Column("graded", sa.Integer(), nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("steady_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", name="pk_fold_participant"),
    )
    op.create_index(
        "ix_fold_participant_active", "fold_participant", ["last_on"], postgresql_where=sa.text("is_active")
    )
    op.create_index("ix_fold_participant_user_id", "fold_participant", ["user_id"])
    op.create_table(
        "fold_profile",
        sa.Column("profile_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("profile_id", name="pk_fold_profile"),
    )
    op.create_index("ix_fold_profile_user_id", "fold_profile", ["user_id"])
    op.create_table(
        "fold_purchase",
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("purchased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refunds", sa.Integer(), nullable=False),
        sa.Column("refunded", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("payment_id", name="pk_fold_purchase"),
    )
    op.create_index(
        "ix_fold_purchase_course",
        "fold_purchase",
        ["course_id", "purchased_at"],
        postgresql_where=sa.text("purchased_at IS NOT NULL"),
    )
    op.create_table(
        "fold_question",
        sa.Column("assessment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("question_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("assessment_id", "question_id", name="pk_fold_question"),
    )
    op.create_table(
        "fold_revenue",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", "month", name="pk_fold_revenue"),
    )
    op.create_index("ix_fold_revenue_user_id", "fold_revenue", ["user_id"])
    op.create_table(
        "fold_share",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("percentage", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", "effective_from", name="pk_fold_share"),
    )
    op.create_index("ix_fold_share_user_id", "fold_share", ["user_id"])
    op.create_table(
        "fold_teacher",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("students", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_fold_teacher"),
    )
    op.create_table(
        "fold_teacher_student",
        sa.Column("teacher_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("student_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("courses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("teacher_id", "student_id", name="pk_fold_teacher_student"),
    )
    op.create_index(
        "ix_fold_teacher_student_none",
        "fold_teacher_student",
        ["teacher_id"],
        postgresql_where=sa.text("courses = 0"),
    )
    op.create_table(
        "fold_teaching",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("teaches", sa.Boolean(), nullable=False),
        sa.Column("can_view_analytics", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", name="pk_fold_teaching"),
    )
    op.create_index("ix_fold_teaching_user_id", "fold_teaching", ["user_id"])
    op.create_table(
        "fold_user",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enrollments", sa.Integer(), nullable=False),
        sa.Column("enrolled", sa.Integer(), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("scored", sa.Integer(), nullable=False),
        sa.Column("percents", sa.Numeric(precision=30, scale=12), nullable=False),
        sa.Column("by_hour", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("by_weekday", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("active_days", sa.Integer(), nullable=False),
        sa.Column("steady_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_fold_user"),
    )
    op.create_table(
        "fold_user_day",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("moments", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "day", name="pk_fold_user_day"),
    )
    op.create_table(
        "fold_watermark",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("newest_fact_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("folded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lag_seconds", sa.Double(), nullable=False),
        sa.Column("facts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fold_watermark"),
    )
    op.create_table(
        "fold_writing",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "item_id", name="pk_fold_writing"),
    )
    op.create_index("ix_fold_writing_course_user", "fold_writing", ["course_id", "user_id", "created_at"])
    op.create_index("ix_fold_writing_user", "fold_writing", ["user_id", "created_at"])
    op.create_table(
        "rebuilds",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("requested_by_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), server_default="waiting", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rebuilds"),
    )
    op.create_index(
        "ix_rebuilds_waiting",
        "rebuilds",
        ["status"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_table("rebuilds")
    op.drop_table("fold_writing")
    op.drop_table("fold_watermark")
    op.drop_table("fold_user_day")
    op.drop_table("fold_user")
    op.drop_table("fold_teaching")
    op.drop_table("fold_teacher_student")
    op.drop_table("fold_teacher")
    op.drop_table("fold_share")
    op.drop_table("fold_revenue")
    op.drop_table("fold_question")
    op.drop_table("fold_purchase")
    op.drop_table("fold_profile")
    op.drop_table("fold_participant")
    op.drop_table("fold_month")
    op.drop_table("fold_lesson")
    op.drop_table("fold_enrollment")
    op.drop_table("fold_course")
    op.drop_table("fold_certificate")
    op.drop_table("fold_attempt")
    op.drop_table("fold_assessment")
    op.drop_table("erased_users")
