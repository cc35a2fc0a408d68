"""Assessment's API: the chassis; its slices join the routers as they come."""

from chassis.web import serve, service_app
from fastapi import FastAPI

from assessment.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    return service_app(settings or Settings(), title="Lyceum assessment", routers=[])


if __name__ == "__main__":
    serve(create_app, Settings())
