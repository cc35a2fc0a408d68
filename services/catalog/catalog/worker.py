"""The other process of catalog: outbox relay and consumer."""

from functools import partial

from chassis.erasure import sweep
from chassis.worker import PeriodicJob, run_worker

import catalog.tables  # noqa: F401 - the tables handlers write to
from catalog.erasure.service import erase
from catalog.settings import Settings
from catalog.subscriptions import SUBSCRIPTIONS

JOBS = [PeriodicJob("sweep_erased", 60, partial(sweep, erase=erase))]


def main() -> None:
    run_worker(Settings(), subscriptions=SUBSCRIPTIONS, jobs=JOBS)


if __name__ == "__main__":
    main()
