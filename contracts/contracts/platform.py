"""What any service may tell: periodic tasks it can do, how a run of one ended, that an erasure is done."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.envelope import Event, example
from contracts.fields import Id, Service, UtcTime


class TaskDeclared(Event, type="platform.task.declared.v1", key="task", subject="tasks/{task}"):
    """A service can do the periodic task `task`; told at each start of its worker.

    The clock makes a schedule from the default where none exists yet, and never changes one an admin made.
    The default is every `every_seconds`, or a `crontab` of five fields read in UTC; both None: on demand.
    """

    task: str
    service: Service
    description: str
    every_seconds: Annotated[int, Field(ge=1)] | None
    crontab: str | None

    model_config = example(
        {
            "task": "analytics.snapshot_daily",
            "service": "analytics",
            "description": "Keeps yesterday's numbers of every instructor.",
            "every_seconds": None,
            "crontab": "5 0 * * *",
        }
    )


class TaskFinished(Event, type="platform.task.finished.v1", key="task", subject="tasks/{task}/runs/{run_id}"):
    """A run that TaskDue asked for has ended; `error` names the kind of failure, None after a success."""

    run_id: UUID
    task: str
    service: Service
    outcome: Literal["succeeded", "failed", "expired"]
    error: str | None
    started_at: UtcTime
    finished_at: UtcTime

    model_config = example(
        {
            "run_id": "0191f0a2-77aa-7c3e-9a44-0c1d2e3f4a5c",
            "task": "analytics.snapshot_daily",
            "service": "analytics",
            "outcome": "succeeded",
            "error": None,
            "started_at": "2026-11-23T00:00:00.120000Z",
            "finished_at": "2026-11-23T00:00:01.480000Z",
        }
    )


class ErasureCompleted(Event, type="platform.erasure.completed.v1", key="user_id", subject="users/{user_id}"):
    """A service has written the tombstone over a user everywhere it held them; answers UserErased."""

    user_id: Id
    tombstone_id: Id
    service: Service
    completed_at: UtcTime

    model_config = example(
        {
            "user_id": 7,
            "tombstone_id": 90412,
            "service": "learning",
            "completed_at": "2026-12-01T08:00:03Z",
        }
    )
