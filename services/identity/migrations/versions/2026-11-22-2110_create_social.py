"""Create the tables of social."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "create_social"
down_revision = "create_tokens"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "django_site",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_django_site"),
        sa.UniqueConstraint("domain", name="uq_django_site_domain"),
    )
    op.create_table(
        "social_auth_association",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("server_url", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("lifetime", sa.Integer(), nullable=False),
        sa.Column("assoc_type", sa.String(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_social_auth_association"),
        sa.UniqueConstraint("server_url", "handle", name="unique_together_social_auth_association"),
    )
    op.create_table(
        "social_auth_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("verified", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_social_auth_code"),
        sa.UniqueConstraint("email", "code", name="unique_together_social_auth_code"),
    )
    op.create_index("ix_social_auth_code_code", "social_auth_code", ["code"])
    op.create_index("ix_social_auth_code_timestamp", "social_auth_code", ["timestamp"])
    op.create_table(
        "social_auth_nonce",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("server_url", sa.String(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_social_auth_nonce"),
        sa.UniqueConstraint("server_url", "timestamp", "salt", name="unique_together_social_auth_nonce"),
    )
    op.create_table(
        "social_auth_partial",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("next_step", sa.SmallInteger(), nullable=False),
        sa.Column("backend", sa.String(), nullable=False),
        sa.Column("data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_social_auth_partial"),
    )
    op.create_index("ix_social_auth_partial_timestamp", "social_auth_partial", ["timestamp"])
    op.create_index("ix_social_auth_partial_token", "social_auth_partial", ["token"])
    op.create_table(
        "socialaccount_socialapp",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), server_default="", nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("client_id", sa.String(), server_default="", nullable=False),
        sa.Column("secret", sa.String(), server_default="", nullable=False),
        sa.Column("key", sa.String(), server_default="", nullable=False),
        sa.Column("settings", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_socialaccount_socialapp"),
    )
    op.create_table(
        "social_auth_usersocialauth",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("extra_data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("modified", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_social_auth_usersocialauth_user_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_social_auth_usersocialauth"),
        sa.UniqueConstraint("provider", "uid", name="unique_together_social_auth_usersocialauth"),
    )
    op.create_index("ix_social_auth_usersocialauth_uid", "social_auth_usersocialauth", ["uid"])
    op.create_index("ix_social_auth_usersocialauth_user_id", "social_auth_usersocialauth", ["user_id"])
    op.create_table(
        "socialaccount_socialaccount",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("last_login", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("date_joined", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("extra_data", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name="fk_socialaccount_socialaccount_user_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_socialaccount_socialaccount"),
        sa.UniqueConstraint("provider", "uid", name="unique_together_socialaccount_socialaccount"),
    )
    op.create_index("ix_socialaccount_socialaccount_user_id", "socialaccount_socialaccount", ["user_id"])
    op.create_table(
        "socialaccount_socialapp_sites",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("socialapp_id", sa.BigInteger(), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["django_site.id"],
            name="fk_socialaccount_socialapp_sites_site_id_django_site",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["socialapp_id"],
            ["socialaccount_socialapp.id"],
            name="fk_socialaccount_socialapp_sites_socialapp_id_socialacc_e027",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_socialaccount_socialapp_sites"),
        sa.UniqueConstraint("socialapp_id", "site_id", name="unique_together_socialaccount_socialapp_sites"),
    )
    op.create_index("ix_socialaccount_socialapp_sites_site_id", "socialaccount_socialapp_sites", ["site_id"])
    op.create_table(
        "socialaccount_socialtoken",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("token_secret", sa.Text(), server_default="", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["socialaccount_socialaccount.id"],
            name="fk_socialaccount_socialtoken_account_id_socialaccount_s_b4a3",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["app_id"],
            ["socialaccount_socialapp.id"],
            name="fk_socialaccount_socialtoken_app_id_socialaccount_socialapp",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_socialaccount_socialtoken"),
        sa.UniqueConstraint("app_id", "account_id", name="unique_together_socialaccount_socialtoken"),
    )
    op.create_index("ix_socialaccount_socialtoken_account_id", "socialaccount_socialtoken", ["account_id"])


def downgrade() -> None:
    op.drop_table("socialaccount_socialtoken")
    op.drop_table("socialaccount_socialapp_sites")
    op.drop_table("socialaccount_socialaccount")
    op.drop_table("social_auth_usersocialauth")
    op.drop_table("socialaccount_socialapp")
    op.drop_table("social_auth_partial")
    op.drop_table("social_auth_nonce")
    op.drop_table("social_auth_code")
    op.drop_table("social_auth_association")
    op.drop_table("django_site")
