"""The learning service's API: `python -m learning.main`."""

from chassis.web import serve, service_app
from chassis.web.personal_data import personal_data_router
from fastapi import FastAPI

from learning.bookmarks.routes import router as bookmarks
from learning.certificates.routes import router as certificates
from learning.enrollments.routes import internal_router as internal_enrollments
from learning.enrollments.routes import router as enrollments
from learning.notes.routes import router as notes
from learning.personal_data import SECTIONS
from learning.settings import Settings
from learning.students.routes import router as students
from learning.study.routes import router as study
from learning.tables import metadata


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; its settings come from the environment unless given."""
    return service_app(
        settings or Settings(),
        title="Lyceum learning",
        routers=[
            enrollments,
            study,
            students,
            certificates,
            notes,
            bookmarks,
            internal_enrollments,
            personal_data_router("learning", metadata, SECTIONS),
        ],
    )


if __name__ == "__main__":
    serve(create_app, Settings())
