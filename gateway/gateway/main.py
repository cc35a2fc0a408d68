"""The gateway's process: `python -m gateway.main`."""

import uvicorn
from chassis.logs import configure_logs

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


def main() -> None:
    """Run until SIGTERM; what is in flight is answered first, within `shutdown_timeout` seconds."""
    settings = Settings()
    configure_logs("gateway", "api", settings.log_level)
    uvicorn.Server(config(settings)).run()


if __name__ == "__main__":
    main()
