"""The languages courses are written in, and how PostgreSQL reads each of them."""

from sqlalchemy import DDL

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
"""The text search configuration of each language (ISO 639-1); any other is read word by word, as it is written."""

_CASES = " ".join(
    f"WHEN '{language}' THEN 'pg_catalog.{name}'::regconfig" for language, name in CONFIGURATIONS.items()
)
# A parsed body, not a text: it means the same under any search_path, as restoring a dump needs.
CREATE_CONFIGURATION_OF = DDL(  # type: ignore[no-untyped-call]
    "CREATE OR REPLACE FUNCTION catalog_search_configuration(language text) RETURNS regconfig "
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE "
    f"RETURN CASE language {_CASES} ELSE 'pg_catalog.simple'::regconfig END"
)

# Every word twice: as its language reads it, and as it stands, which is how it is found from any language.
_OWN, _EXACT = "catalog_search_configuration(language)", "'simple'::regconfig"
_SKILLS = "jsonb_to_tsvector({}, skills, '[\"string\"]')"
SEARCHED_TITLE = f"to_tsvector({_OWN}, title) || to_tsvector({_EXACT}, title)"
SEARCHED = (
    f"setweight({SEARCHED_TITLE}, 'A') || "
    f"setweight({_SKILLS.format(_OWN)} || {_SKILLS.format(_EXACT)}, 'B') || "
    f"setweight(to_tsvector({_OWN}, description) || to_tsvector({_EXACT}, description), 'C')"
)
"""What a search looks through, and how much each part weighs."""


def configuration_of(language: str) -> str:
    """The name of the configuration a language is read with."""
    return CONFIGURATIONS.get(language, "simple")
