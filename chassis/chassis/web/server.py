"""Serve a service's application with uvicorn, on settings that fit behind our gateway."""

import contextlib
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from chassis.logs import configure_logs
from chassis.quiet_server import QuietServer, spare_the_collector
from chassis.settings import ServiceSettings

KEEP_ALIVE_SECONDS = 75
"""Longer than any client of ours keeps an idle connection, so that no request meets a connection being closed."""


def serve(create_app: Callable[[], FastAPI], settings: ServiceSettings) -> None:
    """Run until SIGTERM; requests in flight are answered first, within `shutdown_timeout` seconds."""
    configure_logs(settings.service, "api", settings.log_level)
    app = create_app()
    spare_the_collector()
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        h11_max_incomplete_event_size=65536,
    )
    # The signal is raised once more when the server has ended, for whoever else waits for it: here nobody does.
    with contextlib.suppress(KeyboardInterrupt):
        QuietServer(config).run()
