"""What the worker does beside folding what arrives: decay, rebuilds, partitions."""

import structlog
from chassis.db import Database, now
from chassis.erasure import sweep_job
from chassis.passing import is_passing
from chassis.worker import PeriodicJob

from analytics.facts import partitions
from analytics.folding import queries, service
from analytics.settings import Settings

log = structlog.get_logger()


async def decay(database: Database) -> None:
    """Bring what decays up to this instant."""
    async with database.transaction() as session:
        await service.decay(session, now())


async def rebuild_on_request(database: Database, chunk: int) -> None:
    """Do the rebuild that waits, if there is one. One that a worker died over is begun again."""
    async with database.transaction() as session:
        wish = await queries.next_rebuild(session)
        if wish is None:
            return
        wish.status, wish.started_at = queries.RUNNING, now()
        wish_id = wish.id
    try:
        async with database.transaction() as session:
            wish = await queries.next_rebuild(session)
            if wish is None or wish.id != wish_id:
                return
            facts = wish.facts = await service.rebuild(session, now(), chunk)
            wish.status, wish.finished_at = queries.DONE, now()
    except Exception as error:
        if not is_passing(error):
            async with database.transaction() as session:
                await queries.fail_rebuild(session, wish_id, repr(error))
        raise
    log.info("everything was folded again", facts=facts)


async def make_partitions(database: Database, months_ahead: int) -> None:
    """Have the fact table's next months ready."""
    async with database.transaction() as session:
        await partitions.make_ahead(session, now(), months_ahead)


def jobs(settings: Settings) -> list[PeriodicJob]:
    """The worker's periodic jobs."""

    async def rebuild(database: Database) -> None:
        await rebuild_on_request(database, settings.rebuild_chunk)

    async def partition(database: Database) -> None:
        await make_partitions(database, settings.partitions_ahead)

    return [
        PeriodicJob("decay", settings.decay_seconds, decay),
        PeriodicJob("rebuild", 15, rebuild, queries.CHANNEL, queries.TO_REBUILD),
        PeriodicJob("make_partitions", 6 * 3600, partition),
        sweep_job(service.erase_again),
    ]
