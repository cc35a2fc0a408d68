"""The other process of catalog: outbox relay and consumer."""

from chassis.worker import run_worker

import catalog.tables  # noqa: F401 - the tables handlers write to
from catalog.settings import Settings
from catalog.subscriptions import SUBSCRIPTIONS


def main() -> None:
    run_worker(Settings(), subscriptions=SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
