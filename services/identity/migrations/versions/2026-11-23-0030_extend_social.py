"""Let each nonce of a server be used once, whenever, and find those to forget."""

from alembic import op

revision = "extend_social"
down_revision = "extend_email_addresses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "uq_social_auth_nonce_server_url_salt", "social_auth_nonce", ["server_url", "salt"], unique=True
    )
    op.create_index("ix_social_auth_nonce_timestamp", "social_auth_nonce", ["timestamp"])


def downgrade() -> None:
    op.drop_index("ix_social_auth_nonce_timestamp", "social_auth_nonce")
    op.drop_index("uq_social_auth_nonce_server_url_salt", "social_auth_nonce")
