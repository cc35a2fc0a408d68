"""Create the tables of course sessions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_course_sessions"
down_revision = "create_course_templates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instructor_portal_coursecreationsession",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("session_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("instructor_id", sa.BigInteger(), nullable=False),
        sa.Column("creation_method", sa.String(), nullable=False),
        sa.Column("template_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(), server_default="draft", nullable=False),
        sa.Column("current_step", sa.Integer(), server_default="1", nullable=False),
        sa.Column("total_steps", sa.Integer(), nullable=False),
        sa.Column(
            "completion_percentage", sa.Numeric(precision=5, scale=2), server_default="0", nullable=False
        ),
        sa.Column("course_data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("metadata", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("steps_completed", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("validation_errors", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("template_used", sa.String(), server_default="", nullable=False),
        sa.Column("ai_prompts_used", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_activity", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("published_course_id", sa.BigInteger(), nullable=True),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint(
            "creation_method IN ('wizard', 'template', 'ai', 'import')",
            name="ck_coursecreationsession_creation_method_known",
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'in_progress', 'validating', 'publishing', 'published', 'failed', 'abandoned')",
            name="ck_instructor_portal_coursecreationsession_status_known",
        ),
        sa.ForeignKeyConstraint(
            ["instructor_id"],
            ["instructor_portal_instructorprofile.id"],
            name="fk_instructor_portal_coursecreationsession_instructor_i_4230",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["instructor_portal_coursetemplate.id"],
            name="fk_instructor_portal_coursecreationsession_template_id__7763",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_coursecreationsession"),
        sa.UniqueConstraint("session_id", name="uq_instructor_portal_coursecreationsession_session_id"),
    )
    op.create_index(
        "instructor__creatio_af8e34_idx",
        "instructor_portal_coursecreationsession",
        ["creation_method", "status"],
    )
    op.create_index(
        "instructor__instruc_fffdb5_idx",
        "instructor_portal_coursecreationsession",
        ["instructor_id", "status"],
    )
    op.create_index(
        "instructor__status_ff6efa_idx", "instructor_portal_coursecreationsession", ["status", "expires_at"]
    )
    op.create_index(
        "ix_instructor_portal_coursecreationsession_published_course_id",
        "instructor_portal_coursecreationsession",
        ["published_course_id"],
    )
    op.create_index(
        "ix_instructor_portal_coursecreationsession_template_id",
        "instructor_portal_coursecreationsession",
        ["template_id"],
    )
    op.create_table(
        "instructor_portal_coursecontentdraft",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("file_path", sa.String(), nullable=True),
        sa.Column("content_hash", sa.String(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("is_processed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("processing_status", sa.String(), server_default="pending", nullable=False),
        sa.Column("processing_error", sa.Text(), server_default="", nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=True),
        sa.Column("mime_type", sa.String(), server_default="", nullable=False),
        sa.Column("original_filename", sa.String(), server_default="", nullable=False),
        sa.Column("processing_metadata", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("processed_date", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "content_type IN ('markdown', 'docx', 'pptx', 'pdf', 'zip', 'video', 'image')",
            name="ck_instructor_portal_coursecontentdraft_content_type_known",
        ),
        sa.CheckConstraint(
            "processing_status IN ('pending', 'processing', 'done', 'failed')",
            name="ck_instructor_portal_coursecontentdraft_processing_status_known",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["instructor_portal_coursecreationsession.id"],
            name="fk_instructor_portal_coursecontentdraft_session_id_inst_8dc7",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_coursecontentdraft"),
        sa.UniqueConstraint(
            "session_id",
            "content_type",
            "version",
            name="unique_together_instructor_portal_coursecontentdraft",
        ),
    )
    op.create_index(
        "instructor__content_c32597_idx", "instructor_portal_coursecontentdraft", ["content_hash"]
    )
    op.create_index(
        "instructor__is_proc_36af61_idx",
        "instructor_portal_coursecontentdraft",
        ["is_processed", "created_date"],
    )
    op.create_index(
        "instructor__process_5df0ce_idx",
        "instructor_portal_coursecontentdraft",
        ["processing_status", "created_date"],
    )
    op.create_index(
        "instructor__session_f8b88d_idx",
        "instructor_portal_coursecontentdraft",
        ["session_id", "processing_status"],
    )
    op.create_table(
        "instructor_portal_draftcoursecontent",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("content_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("content_data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("validation_errors", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("auto_save_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_saved", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("ai_generated", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ai_prompt", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "content_type IN ('course', 'module', 'lesson', 'assessment', 'resource')",
            name="ck_instructor_portal_draftcoursecontent_content_type_known",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["instructor_portal_coursecreationsession.id"],
            name="fk_instructor_portal_draftcoursecontent_session_id_inst_cb67",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_portal_draftcoursecontent"),
        sa.UniqueConstraint(
            "session_id",
            "content_type",
            "content_id",
            "version",
            name="unique_together_instructor_portal_draftcoursecontent",
        ),
    )
    op.create_index(
        "instructor__is_comp_5366a4_idx",
        "instructor_portal_draftcoursecontent",
        ["is_complete", "last_saved"],
    )
    op.create_index(
        "instructor__session_126edb_idx", "instructor_portal_draftcoursecontent", ["session_id", "order"]
    )
    op.create_index(
        "instructor__session_ab2b78_idx",
        "instructor_portal_draftcoursecontent",
        ["session_id", "content_type", "version"],
    )


def downgrade() -> None:
    op.drop_table("instructor_portal_draftcoursecontent")
    op.drop_table("instructor_portal_coursecontentdraft")
    op.drop_table("instructor_portal_coursecreationsession")
