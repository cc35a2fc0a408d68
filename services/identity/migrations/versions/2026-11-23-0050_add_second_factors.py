"""Add second factors, passkeys and throttles, and say in the log what became of an attempt."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "add_second_factors"
down_revision = "extend_providers"
branch_labels = None
depends_on = None

OLD_HASH_ITERATIONS = r"(substring(password from '^pbkdf2_sha256\$(\d{1,7})\$')::integer)"


def _account(table: str, *, nullable: bool = False) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("user_id", sa.BigInteger(), nullable=nullable),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users_customuser.id"],
            name=f"fk_{table}_user_id_users_customuser",
            ondelete="CASCADE",
        ),
    ]


def _instant(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _created_at() -> sa.Column[object]:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.add_column("users_loginlog", sa.Column("outcome", sa.String(), server_default="", nullable=False))
    op.add_column("users_loginlog", sa.Column("login_method", sa.String(), nullable=True))
    op.create_table(
        "second_factor_authenticators",
        *_account("second_factor_authenticators"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        _created_at(),
        _instant("confirmed_at"),
        sa.PrimaryKeyConstraint("user_id", name="pk_second_factor_authenticators"),
    )
    op.create_table(
        "second_factor_recovery_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_account("second_factor_recovery_codes"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _created_at(),
        _instant("used_at"),
        sa.PrimaryKeyConstraint("id", name="pk_second_factor_recovery_codes"),
        sa.UniqueConstraint("user_id", "digest", name="uq_second_factor_recovery_codes_user_id_digest"),
    )
    _create_challenges()
    _create_passkeys()
    op.create_table(
        "identity_throttles",
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("policy", "key", name="pk_identity_throttles"),
    )
    op.create_index("ix_identity_throttles_full_at", "identity_throttles", ["full_at"])
    op.create_index(
        "ix_users_customuser_old_hash",
        "users_customuser",
        [sa.text(OLD_HASH_ITERATIONS)],
        postgresql_where=sa.text(f"{OLD_HASH_ITERATIONS} IS NOT NULL"),
    )


def _create_challenges() -> None:
    table = "second_factor_challenges"
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *_account(table),
        sa.Column("login_method", sa.String(), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        _created_at(),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        _instant("used_at"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("digest", name=f"uq_{table}_digest"),
        sa.CheckConstraint(
            "login_method IN ('password', 'oidc', 'token')", name=f"ck_{table}_login_method_known"
        ),
    )
    op.create_index(f"ix_{table}_user_id", table, ["user_id"])
    op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])


def _create_passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_account("passkeys"),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("transports", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("aaguid", sa.String(), server_default="", nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        _created_at(),
        _instant("last_used_at"),
        _instant("suspected_at"),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_user_id", "passkeys", ["user_id"])
    op.create_table(
        "passkey_owners",
        *_account("passkey_owners"),
        sa.Column("handle", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_passkey_owners"),
        sa.UniqueConstraint("handle", name="uq_passkey_owners_handle"),
    )
    op.create_table(
        "passkey_challenges",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *_account("passkey_challenges", nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_passkey_challenges"),
    )
    op.create_index("ix_passkey_challenges_user_id", "passkey_challenges", ["user_id"])
    op.create_index("ix_passkey_challenges_expires_at", "passkey_challenges", ["expires_at"])


def downgrade() -> None:
    op.drop_table("passkey_challenges")
    op.drop_table("passkey_owners")
    op.drop_table("passkeys")
    op.drop_index("ix_users_customuser_old_hash", "users_customuser")
    op.drop_table("identity_throttles")
    op.drop_table("second_factor_challenges")
    op.drop_table("second_factor_recovery_codes")
    op.drop_table("second_factor_authenticators")
    op.drop_column("users_loginlog", "login_method")
    op.drop_column("users_loginlog", "outcome")
