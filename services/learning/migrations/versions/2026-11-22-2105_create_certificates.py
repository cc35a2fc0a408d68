"""Create courses_certificate."""

import sqlalchemy as sa
from alembic import op

revision = "create_certificates"
down_revision = "create_notes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "courses_certificate",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("created_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_date", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False),
        sa.Column("certificate_number", sa.String(), nullable=False),
        sa.Column("is_valid", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("revocation_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_reason", sa.Text(), nullable=True),
        sa.Column("verification_hash", sa.String(), nullable=False),
        sa.Column("template_version", sa.String(), server_default="1.0", nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("course_title", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"],
            ["courses_enrollment.id"],
            name="fk_courses_certificate_enrollment_id_courses_enrollment",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_courses_certificate"),
        sa.UniqueConstraint("certificate_number", name="unique_certificate_number"),
        sa.UniqueConstraint("enrollment_id", name="uq_courses_certificate_enrollment_id"),
        sa.UniqueConstraint("verification_hash", name="unique_verification_hash"),
    )
    op.create_index("courses_cer_created_6482f3_idx", "courses_certificate", ["created_date"])
    op.create_index("courses_cer_is_vali_2f2340_idx", "courses_certificate", ["is_valid"])
    op.create_index("courses_cer_revocat_79b12c_idx", "courses_certificate", ["revocation_date"])
    op.create_index("courses_cer_updated_e6b0b5_idx", "courses_certificate", ["updated_date"])
    op.create_index("ix_courses_certificate_course_id", "courses_certificate", ["course_id"])
    op.create_index("ix_courses_certificate_user_id", "courses_certificate", ["user_id", "id"])
    # Rows carried over from elsewhere know only their enrollment; what is copied from it is filled in.
    op.execute(
        """
        CREATE FUNCTION certificate_takes_its_owner() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            SELECT coalesce(NEW.user_id, user_id), coalesce(NEW.course_id, course_id)
            INTO NEW.user_id, NEW.course_id
            FROM courses_enrollment WHERE id = NEW.enrollment_id;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER certificate_takes_its_owner BEFORE INSERT ON courses_certificate
        FOR EACH ROW WHEN (NEW.user_id IS NULL OR NEW.course_id IS NULL)
        EXECUTE FUNCTION certificate_takes_its_owner()
        """
    )


def downgrade() -> None:
    op.drop_table("courses_certificate")
    op.execute("DROP FUNCTION certificate_takes_its_owner()")
