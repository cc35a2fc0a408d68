"""The learning service's worker: `python -m learning.worker`."""

from functools import partial

from chassis.erasure import sweep
from chassis.worker import PeriodicJob, run_worker

import learning.tables  # noqa: F401 - every model is mapped before the first statement
from learning.erasure.service import erase
from learning.settings import Settings
from learning.study import recounts, removals
from learning.subscriptions import SUBSCRIPTIONS

JOBS = [
    PeriodicJob("recount", 60, recounts.continue_recounts, recounts.CHANNEL),
    PeriodicJob("removals", 60, removals.continue_removals, removals.CHANNEL),
    PeriodicJob("sweep_erased", 60, partial(sweep, erase=erase)),
]


def main() -> None:
    """Relay, consumer and jobs, until told to stop."""
    run_worker(Settings(), subscriptions=SUBSCRIPTIONS, jobs=JOBS)


if __name__ == "__main__":
    main()
