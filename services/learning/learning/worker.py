"""The learning service's worker: `python -m learning.worker`."""

from chassis.erasure import sweep_job
from chassis.worker import PeriodicJob, run_worker

import learning.tables  # noqa: F401 - every model is mapped before the first statement
from learning.course_mirror import service as course_mirror
from learning.erasure.service import erase
from learning.settings import Settings
from learning.study import recounts, removals
from learning.subscriptions import SUBSCRIPTIONS

JOBS = [
    PeriodicJob("recount", 60, recounts.continue_recounts, recounts.CHANNEL, course_mirror.TO_RECOUNT),
    PeriodicJob("removals", 60, removals.continue_removals, removals.CHANNEL, course_mirror.TO_REMOVE),
    sweep_job(erase),
]


def main() -> None:
    """Relay, consumer and jobs, until told to stop."""
    run_worker(Settings(), subscriptions=SUBSCRIPTIONS, jobs=JOBS)


if __name__ == "__main__":
    main()
