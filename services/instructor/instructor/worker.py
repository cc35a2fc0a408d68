"""Instructor's other process: outbox relay and consumer."""

from chassis.worker import run_worker

import instructor.tables  # noqa: F401 - every table is known before the first handler runs
from instructor.settings import Settings
from instructor.subscriptions import SUBSCRIPTIONS


def main() -> None:
    run_worker(Settings(), subscriptions=SUBSCRIPTIONS)


if __name__ == "__main__":
    main()
