"""Create the tables of schedules."""

import sqlalchemy as sa
from alembic import op

revision = "create_schedules"
down_revision = "create_instructor_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "django_celery_beat_clockedschedule",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("clocked_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_django_celery_beat_clockedschedule"),
    )
    op.create_table(
        "django_celery_beat_crontabschedule",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("minute", sa.String(), server_default="*", nullable=False),
        sa.Column("hour", sa.String(), server_default="*", nullable=False),
        sa.Column("day_of_month", sa.String(), server_default="*", nullable=False),
        sa.Column("month_of_year", sa.String(), server_default="*", nullable=False),
        sa.Column("day_of_week", sa.String(), server_default="*", nullable=False),
        sa.Column("timezone", sa.String(), server_default="UTC", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_django_celery_beat_crontabschedule"),
    )
    op.create_table(
        "django_celery_beat_intervalschedule",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("every", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.CheckConstraint(
            "period IN ('days', 'hours', 'minutes', 'seconds', 'microseconds')",
            name="ck_django_celery_beat_intervalschedule_period_known",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_django_celery_beat_intervalschedule"),
    )
    op.create_table(
        "django_celery_beat_periodictasks",
        sa.Column("ident", sa.SmallInteger(), server_default="1", autoincrement=False, nullable=False),
        sa.Column("last_update", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("ident", name="pk_django_celery_beat_periodictasks"),
    )
    op.create_table(
        "django_celery_beat_solarschedule",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("latitude", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.Column("longitude", sa.Numeric(precision=9, scale=6), nullable=False),
        sa.CheckConstraint(
            "event IN ('dawn_astronomical', 'dawn_nautical', 'dawn_civil', 'sunrise', 'solar_noon', "
            "'sunset', 'dusk_civil', 'dusk_nautical', 'dusk_astronomical')",
            name="ck_django_celery_beat_solarschedule_event_known",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_django_celery_beat_solarschedule"),
        sa.UniqueConstraint(
            "event", "latitude", "longitude", name="unique_together_django_celery_beat_solarschedule"
        ),
    )
    op.create_table(
        "django_celery_beat_periodictask",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("interval_id", sa.BigInteger(), nullable=True),
        sa.Column("crontab_id", sa.BigInteger(), nullable=True),
        sa.Column("solar_id", sa.BigInteger(), nullable=True),
        sa.Column("clocked_id", sa.BigInteger(), nullable=True),
        sa.Column("args", sa.Text(), server_default="[]", nullable=False),
        sa.Column("kwargs", sa.Text(), server_default="{}", nullable=False),
        sa.Column("queue", sa.String(), nullable=True),
        sa.Column("exchange", sa.String(), nullable=True),
        sa.Column("routing_key", sa.String(), nullable=True),
        sa.Column("headers", sa.Text(), server_default="{}", nullable=False),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expire_seconds", sa.Integer(), nullable=True),
        sa.Column("one_off", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("total_run_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("date_changed", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(interval_id, crontab_id, solar_id, clocked_id) = 1",
            name="ck_django_celery_beat_periodictask_one_schedule",
        ),
        sa.ForeignKeyConstraint(
            ["clocked_id"],
            ["django_celery_beat_clockedschedule.id"],
            name="fk_django_celery_beat_periodictask_clocked_id_django_ce_6f75",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["crontab_id"],
            ["django_celery_beat_crontabschedule.id"],
            name="fk_django_celery_beat_periodictask_crontab_id_django_ce_7a89",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["interval_id"],
            ["django_celery_beat_intervalschedule.id"],
            name="fk_django_celery_beat_periodictask_interval_id_django_c_9ed1",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["solar_id"],
            ["django_celery_beat_solarschedule.id"],
            name="fk_django_celery_beat_periodictask_solar_id_django_cele_d642",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_django_celery_beat_periodictask"),
        sa.UniqueConstraint("name", name="uq_django_celery_beat_periodictask_name"),
    )
    op.create_index(
        "ix_django_celery_beat_periodictask_clocked_id", "django_celery_beat_periodictask", ["clocked_id"]
    )
    op.create_index(
        "ix_django_celery_beat_periodictask_crontab_id", "django_celery_beat_periodictask", ["crontab_id"]
    )
    op.create_index(
        "ix_django_celery_beat_periodictask_interval_id", "django_celery_beat_periodictask", ["interval_id"]
    )
    op.create_index(
        "ix_django_celery_beat_periodictask_solar_id", "django_celery_beat_periodictask", ["solar_id"]
    )


def downgrade() -> None:
    op.drop_table("django_celery_beat_periodictask")
    op.drop_table("django_celery_beat_solarschedule")
    op.drop_table("django_celery_beat_periodictasks")
    op.drop_table("django_celery_beat_intervalschedule")
    op.drop_table("django_celery_beat_crontabschedule")
    op.drop_table("django_celery_beat_clockedschedule")
