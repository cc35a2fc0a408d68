"""Certificates: mine, verified by anybody, revoked by admins."""

import re

import pytest
from contracts.identity import UserChanged
from contracts.learning import CertificateIssued, CertificateRevoked
from sqlalchemy import text


@pytest.fixture
async def certificate(ada, catalog, deliver):
    """The certificate Ada got for course 12."""
    ada_lovelace = {"username": "ada", "display_name": "Ada Lovelace", "picture_url": None, "role": "student"}
    await deliver(UserChanged(user_id=7, is_active=True, version=1, **ada_lovelace))
    enrollment_id = await ada.enrolled()
    await ada.completes(enrollment_id, 101, 102, 201, 202)
    (found,) = (await ada.get("/certificates")).json()["items"]
    return found


async def test_a_certificate_is_issued_with_number_and_hash(certificate, published):
    assert re.fullmatch(r"LYC-20\d\d-\d{8}", certificate["certificate_number"])
    assert re.fullmatch(r"[0-9a-f]{64}", certificate["verification_hash"])
    assert (certificate["is_valid"], certificate["course_title"]) == (True, "Notes on the Analytical Engine")
    (issued,) = [e for e in await published() if isinstance(e, CertificateIssued)]
    assert issued.certificate_number == certificate["certificate_number"]
    assert issued.certificate_id == certificate["id"]


async def test_a_certificate_is_its_owners_and_admins(certificate, ada, person, guest):
    path = f"/certificates/{certificate['certificate_number']}"
    assert (await ada.get(path)).json() == certificate
    assert (await person(1, role="admin").get(path)).status_code == 200
    assert (await person(8).get(path)).status_code == 404
    assert (await guest.get(path)).status_code == 401
    assert (await ada.get("/certificates/LYC-2026-99999999")).status_code == 404
    assert (await person(8).get("/certificates")).json()["items"] == []
    assert (await guest.get("/certificates")).status_code == 401


async def test_anybody_verifies_a_certificate(certificate, guest):
    answer = await guest.get(f"/certificates/verify/{certificate['verification_hash']}")
    assert answer.status_code == 200
    assert answer.json() == {
        "certificate_number": certificate["certificate_number"],
        "is_valid": True,
        "display_name": "Ada Lovelace",
        "course_title": "Notes on the Analytical Engine",
        "issued_at": certificate["created_date"],
        "revocation_date": None,
    }
    for wrong in ("0" * 64, "x", certificate["verification_hash"][:-1]):
        assert (await guest.get(f"/certificates/verify/{wrong}")).status_code == 404


async def test_an_admin_revokes_for_good(certificate, ada, person, guest, published):
    path = f"/certificates/{certificate['certificate_number']}/revoke"
    reason = {"reason": "The lab reports were somebody else's."}
    assert (await guest.post(path, reason)).status_code == 401
    assert (await ada.post(path, reason)).status_code == 403
    admin = person(1, role="admin")
    assert (await admin.post(path, {})).status_code == 422
    assert (await admin.post("/certificates/LYC-2026-99999999/revoke", reason)).status_code == 404

    first = await admin.post(path, reason)
    second = await admin.post(path, {"reason": "another"})
    assert first.json() == second.json()
    assert (first.json()["is_valid"], first.json()["revocation_reason"]) == (False, reason["reason"])
    assert len([e for e in await published() if isinstance(e, CertificateRevoked)]) == 1
    checked = (await guest.get(f"/certificates/verify/{certificate['verification_hash']}")).json()
    assert checked["is_valid"] is False
    assert "revocation_reason" not in checked


async def test_a_row_carried_over_takes_its_owner_from_the_enrollment(ada, catalog, database):
    enrollment_id = await ada.enrolled()
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO courses_certificate (enrollment_id, certificate_number, verification_hash) "
                "VALUES (:id, 'OLD-1', 'old')"
            ),
            {"id": enrollment_id},
        )
    (found,) = (await ada.get("/certificates")).json()["items"]
    assert (found["certificate_number"], found["user_id"], found["course_id"]) == ("OLD-1", 7, 12)
