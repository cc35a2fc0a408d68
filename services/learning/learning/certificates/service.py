"""Issue certificates, show them, verify them, revoke them."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from chassis.db import now
from chassis.outbox import emit
from chassis.pagination import PageParams, page
from contracts.learning import CertificateIssued, CertificateRevoked
from sqlalchemy.ext.asyncio import AsyncSession

from learning.certificates import queries, rules
from learning.certificates.errors import CertificateNotFound
from learning.certificates.models import Certificate

if TYPE_CHECKING:
    from chassis.auth import Principal


async def issue(
    session: AsyncSession,
    *,
    enrollment_id: int,
    user_id: int,
    course_id: int,
    course_title: str,
    instant: datetime,
) -> Certificate:
    """Issue the certificate of a completed enrollment; one that has one keeps it. The caller holds the enrollment."""
    known = await queries.of_enrollment(session, enrollment_id)
    if known is not None:
        return known
    certificate_id = await queries.next_id(session)
    certificate = Certificate(
        id=certificate_id,
        created_date=instant,
        enrollment_id=enrollment_id,
        certificate_number=rules.certificate_number(certificate_id, instant),
        is_valid=True,
        # Who has the hash may see the certificate, so nobody may be able to work one out.
        verification_hash=secrets.token_hex(32),
        user_id=user_id,
        course_id=course_id,
        course_title=course_title,
    )
    session.add(certificate)
    await session.flush()
    emit(
        session,
        CertificateIssued(
            certificate_id=certificate_id,
            certificate_number=certificate.certificate_number,
            enrollment_id=enrollment_id,
            user_id=user_id,
            course_id=course_id,
            issued_at=instant,
        ),
        time=instant,
    )
    return certificate


async def list_of(
    session: AsyncSession, user_id: int, params: PageParams
) -> tuple[Sequence[Certificate], str | None]:
    """A user's certificates, newest first."""
    return await page(session, queries.of_user(user_id), params, key=[(Certificate.id, "desc")])


async def show(session: AsyncSession, principal: "Principal", number: str) -> Certificate:
    """A certificate of the caller's; any, to the staff. Raises CertificateNotFound."""
    certificate = await queries.by_number(session, number)
    if certificate is None or not (
        principal.may("learning.view_certificate") or certificate.user_id == principal.user_id
    ):
        raise CertificateNotFound
    return certificate


async def verify(session: AsyncSession, verification_hash: str) -> Certificate:
    """The certificate a hash stands for, valid or revoked. Raises CertificateNotFound."""
    certificate = await queries.by_hash(session, verification_hash)
    if certificate is None:
        raise CertificateNotFound
    return certificate


async def revoke(session: AsyncSession, number: str, reason: str) -> Certificate:
    """Revoke a certificate for good; a repeated call keeps the first date and reason."""
    certificate = await queries.by_number(session, number, lock=True)
    if certificate is None:
        raise CertificateNotFound
    _revoke(session, certificate, reason, now())
    return certificate


async def revoke_of_enrollment(
    session: AsyncSession, enrollment_id: int, reason: str, instant: datetime
) -> None:
    """Revoke the certificate of an enrollment, if it has one."""
    certificate = await queries.of_enrollment(session, enrollment_id)
    if certificate is not None:
        _revoke(session, certificate, reason, instant)


def _revoke(session: AsyncSession, certificate: Certificate, reason: str, instant: datetime) -> None:
    if not certificate.is_valid:
        return
    certificate.is_valid = False
    certificate.revocation_date = instant
    certificate.revocation_reason = reason
    emit(
        session,
        CertificateRevoked(
            certificate_id=certificate.id,
            certificate_number=certificate.certificate_number,
            enrollment_id=certificate.enrollment_id,
            user_id=certificate.user_id,
            course_id=certificate.course_id,
            revoked_at=instant,
        ),
        time=instant,
    )


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await queries.replace_user(session, user_id, tombstone_id)


async def of_enrollment(session: AsyncSession, enrollment_id: int) -> Certificate | None:
    """The certificate of an enrollment, valid or revoked."""
    return await queries.of_enrollment(session, enrollment_id)
