"""Create the tables of rights."""

import sqlalchemy as sa
from alembic import op

revision = "create_rights"
down_revision = "create_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "auth_group",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_auth_group"),
        sa.UniqueConstraint("name", name="uq_auth_group_name"),
    )
    op.create_table(
        "auth_permission",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("codename", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_auth_permission"),
        sa.UniqueConstraint("codename", name="uq_auth_permission_codename"),
    )
    op.create_table(
        "auth_group_permissions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("permission_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["auth_group.id"],
            name="fk_auth_group_permissions_group_id_auth_group",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["permission_id"],
            ["auth_permission.id"],
            name="fk_auth_group_permissions_permission_id_auth_permission",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_auth_group_permissions"),
        sa.UniqueConstraint(
            "group_id", "permission_id", name="uq_auth_group_permissions_group_id_permission_id"
        ),
    )
    op.create_index("ix_auth_group_permissions_permission_id", "auth_group_permissions", ["permission_id"])
    op.create_table(
        "users_customuser_groups",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("customuser_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customuser_id"],
            ["users_customuser.id"],
            name="fk_users_customuser_groups_customuser_id_users_customuser",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["auth_group.id"],
            name="fk_users_customuser_groups_group_id_auth_group",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users_customuser_groups"),
        sa.UniqueConstraint("customuser_id", "group_id", name="unique_together_users_customuser_groups"),
    )
    op.create_index("ix_users_customuser_groups_group_id", "users_customuser_groups", ["group_id"])
    op.create_table(
        "users_customuser_user_permissions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("customuser_id", sa.BigInteger(), nullable=False),
        sa.Column("permission_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customuser_id"],
            ["users_customuser.id"],
            name="fk_users_customuser_user_permissions_customuser_id_user_dc7e",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["permission_id"],
            ["auth_permission.id"],
            name="fk_users_customuser_user_permissions_permission_id_auth_4e1f",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users_customuser_user_permissions"),
        sa.UniqueConstraint(
            "customuser_id", "permission_id", name="unique_together_users_customuser_user_permissions"
        ),
    )
    op.create_index(
        "ix_users_customuser_user_permissions_permission_id",
        "users_customuser_user_permissions",
        ["permission_id"],
    )


def downgrade() -> None:
    op.drop_table("users_customuser_user_permissions")
    op.drop_table("users_customuser_groups")
    op.drop_table("auth_group_permissions")
    op.drop_table("auth_permission")
    op.drop_table("auth_group")
