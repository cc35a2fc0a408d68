"""Certificates over HTTP."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page, PageParams
from chassis.web import CurrentUser, Router, Session, Staff
from fastapi import Path, Query

from learning.certificates import service
from learning.certificates.schemas import (
    CertificateNumber,
    CertificateOut,
    RevocationIn,
    VerificationHash,
    VerificationOut,
)
from learning.people import service as people

router = Router(prefix="/api/v1", tags=["certificates"])


@router.get("/certificates", response_model=Page[CertificateOut])
async def list_certificates(
    session: Session, user: CurrentUser, params: Annotated[PageParams, Query()]
) -> Page[CertificateOut]:
    """The caller's certificates, newest first, the revoked ones included."""
    rows, next_cursor = await service.list_of(session, user.user_id, params)
    return Page(items=[CertificateOut.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get("/certificates/verify/{verification_hash}", response_model=VerificationOut)
async def verify_certificate(
    session: Session, verification_hash: Annotated[VerificationHash, Path()]
) -> VerificationOut:
    """Whether a certificate is genuine and valid. For anybody: no token is needed."""
    certificate = await service.verify(session, verification_hash)
    person = (await people.users_by_id(session, [certificate.user_id])).get(certificate.user_id)
    return VerificationOut(
        certificate_number=certificate.certificate_number,
        is_valid=certificate.is_valid,
        display_name=None if person is None else person.display_name,
        course_title=certificate.course_title,
        issued_at=certificate.created_date,
        revocation_date=certificate.revocation_date,
    )


@router.get("/certificates/{certificate_number}", response_model=CertificateOut)
async def get_certificate(
    session: Session, user: CurrentUser, certificate_number: Annotated[CertificateNumber, Path()]
) -> CertificateOut:
    """One of the caller's certificates; any, for the staff."""
    return CertificateOut.model_validate(await service.show(session, user, certificate_number))


@router.post("/certificates/{certificate_number}/revoke", response_model=CertificateOut)
async def revoke_certificate(
    session: Session,
    _staff: Annotated[Principal, Staff("learning.revoke_certificate")],
    certificate_number: Annotated[CertificateNumber, Path()],
    given: RevocationIn,
) -> CertificateOut:
    """Revoke a certificate, for good. A repeated call changes nothing."""
    return CertificateOut.model_validate(await service.revoke(session, certificate_number, given.reason))
