"""Create courses_question and courses_answer."""

import sqlalchemy as sa
from alembic import op

revision = "create_questions"
down_revision = "create_assessments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_question",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("assessment_id", sa.BigInteger(), nullable=False),
        sa.Column("question_text", sa.Text(), sa.Computed("text", persisted=True), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("question_type", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), server_default="1", nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("feedback", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "question_type IN ('single_choice', 'multiple_choice', 'true_false', 'short_answer', "
            "'numeric', 'matching', 'ordering', 'essay')",
            name="ck_courses_question_question_type_known",
        ),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["courses_assessment.id"],
            name="fk_courses_question_assessment_id_courses_assessment",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_question"),
        sa.UniqueConstraint("assessment_id", "order", name="unique_question_order"),
    )
    op.create_index("courses_que_points_6da46d_idx", "courses_question", ["points"])
    op.create_index("courses_que_questio_beffac_idx", "courses_question", ["question_type"])
    op.create_table(
        "courses_answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=False),
        sa.Column("answer_text", sa.Text(), sa.Computed("text", persisted=True), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("is_correct", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["courses_question.id"],
            name="fk_courses_answer_question_id_courses_question",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_answer"),
        sa.UniqueConstraint("question_id", "order", name="unique_answer_order"),
    )
    op.create_index("courses_ans_is_corr_9dd4bc_idx", "courses_answer", ["is_correct"])


def downgrade() -> None:
    op.drop_table("courses_answer")
    op.drop_table("courses_question")
