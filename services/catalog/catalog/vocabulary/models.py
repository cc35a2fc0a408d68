"""The words that published courses use, and what changed of them since they were last counted."""

from chassis.db import Base
from sqlalchemy import DDL, BigInteger, CheckConstraint, Identity, Index, Integer, String
from sqlalchemy.event import listen
from sqlalchemy.orm import Mapped, mapped_column


class KnownWord(Base):
    """A word in lower case, and how many published courses use it in their title or their skills."""

    __tablename__ = "catalog_vocabulary"

    word: Mapped[str] = mapped_column(String, primary_key=True)
    courses: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        CheckConstraint("courses > 0", name="ck_catalog_vocabulary_courses_positive"),
        # Where the server has no pg_trgm, a database does without.
        Index(
            "ix_catalog_vocabulary_trigrams",
            "word",
            postgresql_using="gin",
            postgresql_ops={"word": "gin_trgm_ops"},
        ),
    )


class WordChange(Base):
    """So many published courses more, or fewer, use a word. Triggers on the courses write it; the worker adds it up.

    Were the words counted at once, everybody who publishes anything about "python" would wait for all the others who
    do, each until the commit; and two who publish several courses could wait for each other.
    """

    __tablename__ = "catalog_word_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    word: Mapped[str] = mapped_column(String)
    change: Mapped[int] = mapped_column(Integer)


listen(KnownWord.__table__, "before_create", DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm"))  # type: ignore[no-untyped-call]
