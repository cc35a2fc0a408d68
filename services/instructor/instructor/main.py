"""Instructor's API: the chassis and the routers of its slices."""

from chassis.web import serve, service_app
from chassis.web.personal_data import personal_data_router
from fastapi import FastAPI

from instructor.personal_data import SECTIONS
from instructor.profiles import routes as profiles
from instructor.settings import Settings
from instructor.tables import metadata


def create_app(settings: Settings | None = None) -> FastAPI:
    return service_app(
        settings or Settings(),
        title="Lyceum instructor",
        routers=[
            profiles.router,
            profiles.internal_router,
            personal_data_router("instructor", metadata, SECTIONS),
        ],
    )


if __name__ == "__main__":
    serve(create_app, Settings())
