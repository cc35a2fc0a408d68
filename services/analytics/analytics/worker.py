"""The other process of analytics: outbox relay, the fold, and its jobs."""

from chassis.worker import run_worker

import analytics.tables  # noqa: F401 - every model is known before the first statement
from analytics.folding.jobs import jobs
from analytics.settings import Settings
from analytics.subscriptions import SUBSCRIPTIONS


def main() -> None:
    settings = Settings()
    run_worker(settings, subscriptions=SUBSCRIPTIONS, jobs=jobs(settings))


if __name__ == "__main__":
    main()
