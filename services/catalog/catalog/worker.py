"""The other process of catalog: outbox relay and consumer."""

from chassis.erasure import sweep_job
from chassis.storage import Storage
from chassis.worker import HOUR, PeriodicJob, run_worker

import catalog.tables  # noqa: F401 - the tables handlers write to
from catalog.courses import discounts
from catalog.courses import service as courses
from catalog.erasure.service import erase
from catalog.files import service as files
from catalog.pictures import rules as picture_rules
from catalog.pictures import service as pictures
from catalog.resources import service as resources
from catalog.resources.rules import FOLDER as RESOURCES
from catalog.settings import Settings
from catalog.subscriptions import SUBSCRIPTIONS
from catalog.vocabulary import service as vocabulary


def jobs(settings: Settings) -> list[PeriodicJob]:
    """What the worker does beside telling and listening."""
    storage = Storage(settings)
    kept = files.jobs(
        storage,
        folders=[RESOURCES, picture_rules.COURSES, picture_rules.TESTIMONIALS],
        in_use=[resources.keys_in_use, pictures.keys_in_use],
    )
    return [
        sweep_job(erase),
        *kept,
        PeriodicJob("settle_prices", 60, courses.settle_prices, due=discounts.ENDED),
        PeriodicJob("count_words", 60, vocabulary.count, vocabulary.CHANNEL, vocabulary.UNCOUNTED),
        PeriodicJob("index_words", HOUR, vocabulary.index),
    ]


def main() -> None:
    settings = Settings()
    run_worker(settings, subscriptions=SUBSCRIPTIONS, jobs=jobs(settings))


if __name__ == "__main__":
    main()
