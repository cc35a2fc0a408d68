"""Certificates on the wire."""

from typing import Annotated

from chassis.schemas import Identifier, InputModel, Instant, OutputModel
from pydantic import ConfigDict, Field

_NUMBER = "LYC-2026-00000009"
_HASH = "9f1c" + 60 * "0"

CertificateNumber = Annotated[str, Field(min_length=1, max_length=64, examples=[_NUMBER])]
VerificationHash = Annotated[str, Field(min_length=1, max_length=128, examples=[_HASH])]


class CertificateOut(OutputModel):
    """A certificate as its owner sees it; `created_date` is when it was issued."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 9,
                    "certificate_number": _NUMBER,
                    "enrollment_id": 42,
                    "user_id": 7,
                    "course_id": 12,
                    "course_title": "Notes on the Analytical Engine",
                    "is_valid": True,
                    "revocation_date": None,
                    "revocation_reason": None,
                    "verification_hash": _HASH,
                    "template_version": "1.0",
                    "created_date": "2026-11-29T17:30:00Z",
                }
            ]
        }
    )

    id: Identifier
    certificate_number: str
    enrollment_id: Identifier
    user_id: Identifier
    course_id: Identifier
    course_title: str
    is_valid: bool
    revocation_date: Instant | None
    revocation_reason: str | None
    verification_hash: str
    template_version: str
    created_date: Instant


class VerificationOut(OutputModel):
    """What anybody with the hash may know. `display_name` is null for a person who was erased."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "certificate_number": _NUMBER,
                    "is_valid": True,
                    "display_name": "Ada Lovelace",
                    "course_title": "Notes on the Analytical Engine",
                    "issued_at": "2026-11-29T17:30:00Z",
                    "revocation_date": None,
                }
            ]
        }
    )

    certificate_number: str
    is_valid: bool
    display_name: str | None
    course_title: str
    issued_at: Instant
    revocation_date: Instant | None


class RevocationIn(InputModel):
    """Why a certificate is revoked; its owner sees it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The lab reports were somebody else's."}]}
    )

    reason: Annotated[str, Field(min_length=1, max_length=2000)]
