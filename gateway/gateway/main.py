"""The gateway's process: `python -m gateway.main`."""

import resource

import uvicorn
from chassis.logs import configure_logs
from chassis.quiet_server import QuietServer, spare_the_collector

from gateway.app import Gateway
from gateway.edge import ClientLimits, edge_protocol
from gateway.settings import Settings


def config(settings: Settings) -> uvicorn.Config:
    """uvicorn's server around our own protocol: it listens, handles signals and drains."""
    return uvicorn.Config(
        Gateway(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=edge_protocol(ClientLimits.of(settings)),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.shutdown_timeout,
    )


def _allow_descriptors(wanted: int) -> None:
    """Every client may hold a socket and a service's beside it: the usual 1024 open files would be the first limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def main() -> None:
    """Run until SIGTERM; what is in flight is answered first, within `shutdown_timeout` seconds."""
    settings = Settings()
    _allow_descriptors(2 * settings.max_connections)
    configure_logs("gateway", "api", settings.log_level)
    server = QuietServer(config(settings))
    spare_the_collector()
    server.run()


if __name__ == "__main__":
    main()
