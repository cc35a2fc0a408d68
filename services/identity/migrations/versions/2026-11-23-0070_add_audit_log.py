"""Add the audit log, bans, the staff's declared rights, and a search over accounts.

The audit log (who of the staff changed what) is kept from change by the database itself.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "add_audit_log"
down_revision = "add_payments"
branch_labels = None
depends_on = None

# An update passes when it is part of `forget_in_admin_audit_log`, which says whom it forgets, and takes nothing but
# that person's id, address and the reasons written about them. Everything else is refused, deletes included.
GUARD = """
CREATE FUNCTION guard_admin_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    forgotten text := nullif(current_setting('lyceum.forgotten_user', true), '');
BEGIN
    IF TG_OP = 'UPDATE' AND forgotten IS NOT NULL
        AND NEW.id = OLD.id AND NEW.at = OLD.at AND NEW.actor_role = OLD.actor_role
        AND NEW.action = OLD.action AND NEW.target_type = OLD.target_type
        AND NEW.request_id IS NOT DISTINCT FROM OLD.request_id
        AND (NEW.actor_id = OLD.actor_id OR OLD.actor_id::text = forgotten)
        AND (NEW.ip_address IS NOT DISTINCT FROM OLD.ip_address
             OR (NEW.ip_address IS NULL AND OLD.actor_id::text = forgotten))
        AND (NEW.target_id = OLD.target_id OR (OLD.target_type = 'user' AND OLD.target_id = forgotten))
        AND (NEW.changes = OLD.changes
             OR (NEW.changes = OLD.changes - 'reason' AND OLD.target_type = 'user' AND OLD.target_id = forgotten))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$
"""

FORGET = """
CREATE FUNCTION forget_in_admin_audit_log(forgotten bigint, tombstone bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    PERFORM set_config('lyceum.forgotten_user', forgotten::text, true);
    UPDATE admin_audit_log SET
        actor_id = CASE WHEN actor_id = forgotten THEN tombstone ELSE actor_id END,
        ip_address = CASE WHEN actor_id = forgotten THEN NULL ELSE ip_address END,
        target_id = CASE WHEN target_type = 'user' AND target_id = forgotten::text
                         THEN tombstone::text ELSE target_id END,
        changes = CASE WHEN target_type = 'user' AND target_id = forgotten::text
                       THEN changes - 'reason' ELSE changes END
    WHERE actor_id = forgotten OR (target_type = 'user' AND target_id = forgotten::text);
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM set_config('lyceum.forgotten_user', '', true);
    RETURN done;
END $$
"""

SEARCHED = "lower(' ' || username || ' ' || email || ' ' || first_name || ' ' || last_name)"


def upgrade() -> None:
    op.create_table(
        "admin_audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("target_type", sa.String(), nullable=False),
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("changes", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_admin_audit_log"),
    )
    op.create_index("ix_admin_audit_log_actor_id_id", "admin_audit_log", ["actor_id", "id"])
    op.create_index(
        "ix_admin_audit_log_target_type_target_id_id", "admin_audit_log", ["target_type", "target_id", "id"]
    )
    op.create_index("ix_admin_audit_log_action_id", "admin_audit_log", ["action", "id"])
    op.create_index("ix_admin_audit_log_at", "admin_audit_log", ["at"])
    op.execute(GUARD)
    op.execute(FORGET)
    op.execute(
        "CREATE TRIGGER admin_audit_log_rows_stay BEFORE UPDATE OR DELETE ON admin_audit_log "
        "FOR EACH ROW EXECUTE FUNCTION guard_admin_audit_log()"
    )
    op.execute(
        "CREATE TRIGGER admin_audit_log_stays BEFORE TRUNCATE ON admin_audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION guard_admin_audit_log()"
    )
    op.add_column(
        "users_customuser", sa.Column("is_banned", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column(
        "auth_permission", sa.Column("is_declared", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "rights_withdrawals",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rights_withdrawals"),
    )
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_index(
        "ix_users_customuser_searched",
        "users_customuser",
        [sa.literal_column(f"{SEARCHED} gin_trgm_ops")],
        postgresql_using="gin",
    )


def downgrade() -> None:
    op.drop_index("ix_users_customuser_searched", "users_customuser")
    op.drop_table("rights_withdrawals")
    op.drop_column("auth_permission", "is_declared")
    op.drop_column("users_customuser", "is_banned")
    op.drop_table("admin_audit_log")
    op.execute("DROP FUNCTION forget_in_admin_audit_log(bigint, bigint)")
    op.execute("DROP FUNCTION guard_admin_audit_log()")
