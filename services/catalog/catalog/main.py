"""The API of catalog."""

from chassis.web import serve, service_app
from chassis.web.personal_data import personal_data_router
from fastapi import FastAPI

from catalog.categories import routes as categories
from catalog.courses import routes as courses
from catalog.lessons import routes as lessons
from catalog.modules import routes as modules
from catalog.personal_data import SECTIONS
from catalog.previews import routes as previews
from catalog.publishing import routes as publishing
from catalog.reviews import routes as reviews
from catalog.settings import Settings
from catalog.tables import metadata
from catalog.testimonials import routes as testimonials
from catalog.versions import routes as versions


def create_app(settings: Settings | None = None) -> FastAPI:
    return service_app(
        settings or Settings(),
        title="Lyceum catalog",
        routers=[
            categories.router,
            courses.router,
            publishing.router,
            versions.router,
            modules.router,
            lessons.router,
            previews.router,
            reviews.router,
            testimonials.router,
            publishing.internal_router,
            personal_data_router("catalog", metadata, SECTIONS),
        ],
    )


if __name__ == "__main__":
    serve(create_app, Settings())
