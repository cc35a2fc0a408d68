"""Create courses_useractivity and other_facts."""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_facts"
down_revision = "create_chassis_tables"
branch_labels = None
depends_on = None

MONTHS_AHEAD = 6


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _create_partitions() -> None:
    """Make one partition a month from this one on; the periodic task continues from there."""
    # What falls outside lands in the default partition: a fact is never refused for its date.
    op.execute("CREATE TABLE courses_useractivity_default PARTITION OF courses_useractivity DEFAULT")
    first = datetime.now(UTC).date().replace(day=1)
    for _ in range(1 + MONTHS_AHEAD):
        end = _next_month(first)
        op.execute(
            f"CREATE TABLE courses_useractivity_y{first:%Y}m{first:%m} PARTITION OF courses_useractivity "
            f"FOR VALUES FROM ('{first} 00:00:00+00') TO ('{end} 00:00:00+00')"
        )
        first = end


def upgrade() -> None:
    op.create_table(
        "courses_useractivity",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("activity_type", sa.String(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=True),
        sa.Column("lesson_id", sa.BigInteger(), nullable=True),
        sa.Column("resource_id", sa.BigInteger(), nullable=True),
        sa.Column("assessment_id", sa.BigInteger(), nullable=True),
        sa.Column("data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", "created_date", name="pk_courses_useractivity"),
        sa.UniqueConstraint("event_id", "created_date", name="uq_courses_useractivity_event_id_created_date"),
        postgresql_partition_by="RANGE (created_date)",
    )
    op.create_index("courses_use_activit_804475_idx", "courses_useractivity", ["activity_type"])
    op.create_index(
        "courses_use_course__fa711b_idx", "courses_useractivity", ["course_id", sa.text("created_date DESC")]
    )
    op.create_index(
        "courses_use_user_id_b38400_idx", "courses_useractivity", ["user_id", sa.text("created_date DESC")]
    )
    op.create_index("ix_courses_useractivity_assessment_id", "courses_useractivity", ["assessment_id"])
    op.create_index("ix_courses_useractivity_lesson_id", "courses_useractivity", ["lesson_id"])
    op.create_index("ix_courses_useractivity_resource_id", "courses_useractivity", ["resource_id"])
    _create_partitions()
    op.create_table(
        "other_facts",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("fact_type", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), server_default="", nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_other_facts"),
    )
    op.create_index("ix_other_facts_fact_type_created_date", "other_facts", ["fact_type", "created_date"])
    op.create_index("ix_other_facts_subject_created_date", "other_facts", ["subject", "created_date"])


def downgrade() -> None:
    op.drop_table("other_facts")
    op.drop_table("courses_useractivity")
