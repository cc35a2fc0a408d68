"""Create the tables of attempts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_attempts"
down_revision = "create_questions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_assessmentattempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("assessment_id", sa.BigInteger(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("time_taken_seconds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("score", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_score", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_completed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_passed", sa.Boolean(), sa.Computed("passed", persisted=True), nullable=False),
        sa.Column("passed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("attempt_number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["courses_assessment.id"],
            name="fk_courses_assessmentattempt_assessment_id_courses_assessment",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_assessmentattempt"),
    )
    op.create_index(
        "courses_ass_assessm_1f3420_idx",
        "courses_assessmentattempt",
        ["assessment_id", sa.text("created_date DESC")],
    )
    op.create_index("courses_ass_attempt_d56abe_idx", "courses_assessmentattempt", ["attempt_number"])
    op.create_index("courses_ass_is_comp_5317c4_idx", "courses_assessmentattempt", ["is_completed"])
    op.create_index("courses_ass_is_pass_af4398_idx", "courses_assessmentattempt", ["is_passed"])
    op.create_index(
        "courses_ass_user_id_fedd97_idx", "courses_assessmentattempt", ["user_id", "assessment_id"]
    )
    op.create_table(
        "courses_attemptanswer",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "selected_answer_id", sa.BigInteger(), sa.Computed("answer_id", persisted=True), nullable=True
        ),
        sa.Column("answer_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "text_answer", sa.Text(), sa.Computed("NULLIF(text_response, '')", persisted=True), nullable=True
        ),
        sa.Column("text_response", sa.Text(), server_default="", nullable=False),
        sa.Column("is_correct", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("points_earned", sa.Integer(), server_default="0", nullable=False),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["courses_answer.id"],
            name="fk_courses_attemptanswer_answer_id_courses_answer",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["courses_assessmentattempt.id"],
            name="fk_courses_attemptanswer_attempt_id_courses_assessmentattempt",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["courses_question.id"],
            name="fk_courses_attemptanswer_question_id_courses_question",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["selected_answer_id"],
            ["courses_answer.id"],
            name="fk_courses_attemptanswer_selected_answer_id_courses_answer",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_attemptanswer"),
        sa.UniqueConstraint("attempt_id", "question_id", name="unique_attempt_answer"),
    )
    op.create_index("courses_att_is_corr_be0997_idx", "courses_attemptanswer", ["is_correct"])
    op.create_index("ix_courses_attemptanswer_answer_id", "courses_attemptanswer", ["answer_id"])
    op.create_index("ix_courses_attemptanswer_question_id", "courses_attemptanswer", ["question_id"])
    op.create_index(
        "ix_courses_attemptanswer_selected_answer_id", "courses_attemptanswer", ["selected_answer_id"]
    )
    op.create_table(
        "attempt_answer_choices",
        sa.Column("attempt_answer_id", sa.BigInteger(), nullable=False),
        sa.Column("answer_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["courses_answer.id"],
            name="fk_attempt_answer_choices_answer_id_courses_answer",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["attempt_answer_id"],
            ["courses_attemptanswer.id"],
            name="fk_attempt_answer_choices_attempt_answer_id_courses_att_1b03",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("attempt_answer_id", "answer_id", name="pk_attempt_answer_choices"),
    )
    op.create_index("ix_attempt_answer_choices_answer_id", "attempt_answer_choices", ["answer_id"])


def downgrade() -> None:
    op.drop_table("attempt_answer_choices")
    op.drop_table("courses_attemptanswer")
    op.drop_table("courses_assessmentattempt")
