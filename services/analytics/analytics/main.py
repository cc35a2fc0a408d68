"""The analytics service's API: `python -m analytics.main`."""

from chassis.web import serve, service_app
from chassis.web.personal_data import personal_data_router
from fastapi import FastAPI

from analytics.course_statistics.routes import router as courses
from analytics.facts.routes import router as activity
from analytics.folding.routes import router as folding
from analytics.instructor_statistics.routes import router as instructors
from analytics.personal_data import SECTIONS
from analytics.platform_statistics.routes import router as platform
from analytics.settings import Settings
from analytics.tables import metadata
from analytics.user_statistics.routes import router as users


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; its settings come from the environment unless given."""
    return service_app(
        settings or Settings(),
        title="Lyceum analytics",
        routers=[
            platform,
            courses,
            users,
            instructors,
            activity,
            folding,
            personal_data_router("analytics", metadata, SECTIONS),
        ],
    )


if __name__ == "__main__":
    serve(create_app, Settings())
