"""What the platform's clock, which lives in analytics, tells: a periodic task is due."""

from uuid import UUID

from pydantic import JsonValue

from contracts.envelope import Event, example
from contracts.fields import Id, Many, UtcTime


class TaskDue(Event, type="schedule.task.due.v1", key="task", subject="tasks/{task}/runs/{run_id}"):
    """A periodic task is to be done now, once, by the service that declared `task`; others skip it.

    `queue` is that service. `due_at` is the instant it was planned for; after `expires_at` (None: never) it
    is not worth doing. The service reports by TaskFinished with the same `run_id`.
    """

    run_id: UUID
    periodic_task_id: Id
    name: str
    task: str
    queue: str
    task_args: Many[JsonValue]
    task_kwargs: dict[str, JsonValue]
    due_at: UtcTime
    expires_at: UtcTime | None

    model_config = example(
        {
            "run_id": "0191f0a2-77aa-7c3e-9a44-0c1d2e3f4a5c",
            "periodic_task_id": 1,
            "name": "Daily snapshot",
            "task": "analytics.snapshot_daily",
            "queue": "analytics",
            "task_args": [],
            "task_kwargs": {"days": 1},
            "due_at": "2026-11-23T00:00:00Z",
            "expires_at": None,
        }
    )
