"""Assessment's other process: outbox relay and consumer."""

from chassis.erasure import sweep_job
from chassis.worker import run_worker

import assessment.tables  # noqa: F401 - every table is known before the first handler runs
from assessment.erasure import erase
from assessment.settings import Settings
from assessment.subscriptions import SUBSCRIPTIONS

JOBS = [sweep_job(erase)]


def main() -> None:
    run_worker(Settings(), subscriptions=SUBSCRIPTIONS, jobs=JOBS)


if __name__ == "__main__":
    main()
