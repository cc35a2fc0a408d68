"""Instructor's other process: outbox relay and consumer."""

from chassis.erasure import sweep_job
from chassis.worker import run_worker

import instructor.tables  # noqa: F401 - every table is known before the first handler runs
from instructor.erasure import erase
from instructor.settings import Settings
from instructor.subscriptions import SUBSCRIPTIONS

JOBS = [sweep_job(erase)]


def main() -> None:
    run_worker(Settings(), subscriptions=SUBSCRIPTIONS, jobs=JOBS)


if __name__ == "__main__":
    main()
