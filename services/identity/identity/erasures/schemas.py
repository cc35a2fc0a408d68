"""What erasing one's account is asked with, and what its receipt answers."""

from typing import Annotated, Literal

from chassis.schemas import InputModel, Instant, OutputModel
from pydantic import ConfigDict, Field, SecretStr

from identity.erasures.service import Receipt

Password = Annotated[SecretStr, Field(min_length=1, max_length=1000)]


class ErasureAsked(InputModel):
    """The password, where the session is older than a few minutes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "seven grey owls at noon"}]})

    password: Password


class ServiceReport(OutputModel):
    """One service: when it had forgotten the person; null while it is at it."""

    service: str
    completed_at: Instant | None


class ReceiptOut(OutputModel):
    """How far an erasure is. `receipt` is a signed statement (a JWS, ES256) once all services have reported; it is
    verified with the keys of /.well-known/jwks.json, and names nobody."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "pending",
                    "requested_at": "2026-12-01T08:00:00Z",
                    "completed_at": None,
                    "services": [
                        {"service": "identity", "completed_at": "2026-12-01T08:00:00Z"},
                        {"service": "learning", "completed_at": None},
                    ],
                    "receipt": None,
                }
            ]
        }
    )

    status: Literal["pending", "complete"]
    requested_at: Instant
    completed_at: Instant | None
    services: list[ServiceReport]
    receipt: str | None

    @classmethod
    def of(cls, found: Receipt) -> "ReceiptOut":
        erasure = found.erasure
        return cls(
            status="pending" if erasure.completed_at is None else "complete",
            requested_at=erasure.requested_at,
            completed_at=erasure.completed_at,
            services=[ServiceReport.model_validate(report) for report in found.reports],
            receipt=erasure.receipt,
        )
