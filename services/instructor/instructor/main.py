"""Instructor's API: the chassis and the routers of its slices."""

from chassis.web import serve, service_app
from fastapi import FastAPI

from instructor.profiles import routes as profiles
from instructor.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    return service_app(
        settings or Settings(), title="Lyceum instructor", routers=[profiles.router, profiles.internal_router]
    )


if __name__ == "__main__":
    serve(create_app, Settings())
