"""Assessment's other process: outbox relay and consumer."""

from chassis.worker import run_worker

import assessment.tables  # noqa: F401 - every table is known before the first handler runs
from assessment.settings import Settings
from assessment.subscriptions import SUBSCRIPTIONS


def main() -> None:
    run_worker(Settings(), subscriptions=SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
