"""The API of catalog."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.pictures import Darkroom
from chassis.storage import Storage
from chassis.web import serve, service_app
from chassis.web.personal_data import personal_data_router
from fastapi import FastAPI

from catalog.cartridges.conversion import FORMAT as COMMON_CARTRIDGE
from catalog.categories import routes as categories
from catalog.courses import routes as courses
from catalog.lessons import routes as lessons
from catalog.modules import routes as modules
from catalog.personal_data import SECTIONS
from catalog.pictures import routes as pictures
from catalog.previews import routes as previews
from catalog.publishing import routes as publishing
from catalog.resources import routes as resources
from catalog.reviews import routes as reviews
from catalog.settings import Settings
from catalog.tables import metadata
from catalog.testimonials import routes as testimonials
from catalog.transfer import routes as transfer
from catalog.transfer.formats import BUNDLE
from catalog.versions import routes as versions
from catalog.views import routes as views


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    darkroom = Darkroom()

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        darkroom.close()

    app = service_app(
        settings,
        lifespan=life,
        title="Lyceum catalog",
        routers=[
            categories.router,
            courses.router,
            publishing.router,
            versions.router,
            transfer.router,
            modules.router,
            lessons.router,
            resources.router,
            previews.router,
            reviews.router,
            testimonials.router,
            pictures.router,
            pictures.media_router,
            publishing.internal_router,
            resources.internal_router,
            views.internal_router,
            personal_data_router("catalog", metadata, SECTIONS),
        ],
    )
    app.state.storage = Storage(settings)
    app.state.darkroom = darkroom
    # The archives that a course is made of; the first that fits is read.
    app.state.course_formats = (BUNDLE, COMMON_CARTRIDGE)
    return app


if __name__ == "__main__":
    serve(create_app, Settings())
