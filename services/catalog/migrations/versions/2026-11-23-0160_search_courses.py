"""Search courses: in their own language, by price, within a category."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "search_courses"
down_revision = "version_courses"
branch_labels = None
depends_on = None

CONFIGURATIONS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
CASES = " ".join(
    f"WHEN '{language}' THEN 'pg_catalog.{name}'::regconfig" for language, name in CONFIGURATIONS.items()
)
# With a body of its own standing, not a text: it means the same under any search_path, as restoring a dump needs.
CONFIGURATION_OF = (
    "CREATE FUNCTION catalog_search_configuration(language text) RETURNS regconfig "
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE "
    f"RETURN CASE language {CASES} ELSE 'pg_catalog.simple'::regconfig END"
)
OWN, EXACT = "catalog_search_configuration(language)", "'simple'::regconfig"
SKILLS = "jsonb_to_tsvector({}, skills, '[\"string\"]')"
SEARCHED_TITLE = f"to_tsvector({OWN}, title) || to_tsvector({EXACT}, title)"
SEARCHED = (
    f"setweight({SEARCHED_TITLE}, 'A') || "
    f"setweight({SKILLS.format(OWN)} || {SKILLS.format(EXACT)}, 'B') || "
    f"setweight(to_tsvector({OWN}, description) || to_tsvector({EXACT}, description), 'C')"
)
IN_ENGLISH = (
    "setweight(to_tsvector('english'::regconfig, title), 'A') || "
    "setweight(jsonb_to_tsvector('english'::regconfig, skills, '[\"string\"]'), 'B') || "
    "setweight(to_tsvector('english'::regconfig, description), 'C')"
)
SORTS = {
    "newest": ("first_published_at DESC", "id DESC"),
    "popular": ("enrolled_students_count DESC", "id DESC"),
    "rating": ("avg_rating DESC", "total_reviews DESC", "id DESC"),
    "price": ("price_now", "id"),
}


def _add_vector(name: str, expression: str, index: str) -> None:
    op.add_column(
        "courses_course",
        sa.Column(name, postgresql.TSVECTOR(), sa.Computed(expression, persisted=True), nullable=False),
    )
    op.create_index(index, "courses_course", [name], postgresql_using="gin")


def upgrade() -> None:
    op.execute(CONFIGURATION_OF)
    op.drop_column("courses_course", "search")
    op.add_column("courses_course", sa.Column("language", sa.String(), server_default="en", nullable=False))
    op.create_check_constraint("ck_courses_course_language_code", "courses_course", "language ~ '^[a-z]{2}$'")
    op.add_column(
        "courses_course",
        sa.Column("price_now", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False),
    )
    op.execute(
        "UPDATE courses_course SET price_now = CASE WHEN discount_price IS NOT NULL "
        "AND (discount_ends IS NULL OR discount_ends > now()) THEN discount_price ELSE price END"
    )
    _add_vector("search", SEARCHED, "ix_courses_course_search")
    _add_vector("search_title", SEARCHED_TITLE, "ix_courses_course_search_title")
    published = sa.text("is_published")
    op.create_index(
        "ix_courses_course_price", "courses_course", ["price_now", "id"], postgresql_where=published
    )
    for name, columns in SORTS.items():
        op.create_index(
            f"ix_courses_course_category_{name}",
            "courses_course",
            [sa.text(column) for column in ("category_id", *columns)],
            postgresql_where=published,
        )
    op.create_index(
        "ix_courses_course_same_title",
        "courses_course",
        [sa.text("lower(title)")],
        postgresql_where=published,
    )
    op.create_index(
        "ix_courses_course_discounted",
        "courses_course",
        ["discount_ends"],
        postgresql_where=sa.text("price_now < price AND discount_ends IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_courses_course_discounted", "courses_course")
    op.drop_index("ix_courses_course_same_title", "courses_course")
    for name in SORTS:
        op.drop_index(f"ix_courses_course_category_{name}", "courses_course")
    op.drop_index("ix_courses_course_price", "courses_course")
    op.drop_column("courses_course", "search_title")
    op.drop_column("courses_course", "search")
    op.drop_column("courses_course", "price_now")
    op.drop_column("courses_course", "language")
    op.execute("DROP FUNCTION catalog_search_configuration(text)")
    _add_vector("search", IN_ENGLISH, "ix_courses_course_search")
