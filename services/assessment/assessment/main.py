"""Assessment's API: the chassis; its slices join the routers as they come."""

from chassis.web import serve, service_app
from chassis.web.personal_data import personal_data_router
from fastapi import FastAPI

from assessment.personal_data import SECTIONS
from assessment.settings import Settings
from assessment.tables import metadata


def create_app(settings: Settings | None = None) -> FastAPI:
    return service_app(
        settings or Settings(),
        title="Lyceum assessment",
        routers=[personal_data_router("assessment", metadata, SECTIONS)],
    )


if __name__ == "__main__":
    serve(create_app, Settings())
