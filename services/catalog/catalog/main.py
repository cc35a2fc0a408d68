"""The API of catalog."""

from chassis.web import serve, service_app
from fastapi import FastAPI

from catalog.categories import routes as categories
from catalog.courses import routes as courses
from catalog.lessons import routes as lessons
from catalog.modules import routes as modules
from catalog.publishing import routes as publishing
from catalog.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    return service_app(
        settings or Settings(),
        title="Lyceum catalog",
        routers=[
            categories.router,
            courses.router,
            publishing.router,
            modules.router,
            lessons.router,
            publishing.internal_router,
        ],
    )


if __name__ == "__main__":
    serve(create_app, Settings())
