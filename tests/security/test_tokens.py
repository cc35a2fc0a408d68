"""Who has no token, or one that does not verify, is told so: by the gateway, and by every service for itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from chassis.auth import ServiceSigner
from lyceum.testing import Person, Platform, eventually, join

from .forgeries import decoded, signed, with_the_key, without_a_key
from .operations import Operation, operations

pytestmark = pytest.mark.stack

Refusal = Callable[..., str | None]
Each = Callable[..., Awaitable[list[str]]]

# What anybody may ask; with a token, some answer more. A new one is written down here by hand.
OPEN_TO_GUESTS = {
    "analytics_get_platform_statistics",
    "catalog_download_resource",
    "catalog_get_category",
    "catalog_get_course",
    "catalog_get_module",
    "catalog_list_categories",
    "catalog_list_courses",
    "catalog_list_lessons",
    "catalog_list_modules",
    "catalog_list_resources",
    "catalog_list_reviews",
    "catalog_read_lesson",
    "catalog_read_resource",
    "catalog_read_review",
    "instructor_list_instructors",
    "instructor_read_instructor",
}
PUBLIC = {
    "catalog_list_testimonials",
    "catalog_preview_course",
    "catalog_preview_lesson",
    "catalog_read_course_thumbnail",
    "catalog_read_testimonial",
    "catalog_read_testimonial_avatar",
    "identity_answer_challenge",
    "identity_begin_passkey_login",
    "identity_begin_social_login",
    "identity_confirm_email",
    "identity_exchange_social_token",
    "identity_finish_social_login",
    "identity_forgot_password",
    "identity_jwks",
    "identity_list_social_providers",
    "identity_list_subscription_tiers",
    "identity_log_in",
    "identity_log_in_with_passkey",
    "identity_log_out",
    "identity_openid_configuration",
    "identity_read_erasure_receipt",
    "identity_read_profile_picture",
    "identity_read_public",
    "identity_receive_payment_notice",
    "identity_refresh",
    "identity_register",
    "identity_resend_verification",
    "identity_reset_password",
    "identity_resume_social_login",
    "identity_verify_email",
    "learning_verify_certificate",
}


@pytest.fixture(scope="module")
async def forged(http: httpx.AsyncClient, admin: Person, signing_key: dict[str, str]) -> dict[str, str]:
    """Every forgery of the admin's token, by what is wrong with it."""
    jwks = (await http.get("/.well-known/jwks.json")).raise_for_status().json()
    assert admin.token
    made = without_a_key(admin.token, jwks) | with_the_key(admin.token, signing_key["pem"])
    assert len(set(made.values())) == len(made)
    return made


OF_THE_REQUEST = {"date", "x-request-id", "traceparent", "content-length", "ratelimit", "ratelimit-policy"}
"""Headers that say when it was asked, what, or how often. The length is the path's: it stands in `instance`."""


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def told(answer: httpx.Response) -> tuple[Any, ...]:
    """A refusal, headers and all, but for what differs between any two requests."""
    problem = answer.json()
    return (
        answer.status_code,
        *sorted((name, value) for name, value in answer.headers.items() if name not in OF_THE_REQUEST),
        *sorted((name, value) for name, value in problem.items() if name not in ("request_id", "instance")),
    )


async def test_the_genuine_token_is_believed(
    http: httpx.AsyncClient, admin: Person, signing_key: dict[str, str]
) -> None:
    """Else all the refusals below would prove nothing; what we sign with identity's key is good, too."""
    assert admin.token
    claims = decoded(admin.token.split(".")[1])
    for token in (admin.token, signed(claims, signing_key["pem"], signing_key["kid"])):
        assert (await http.get("/api/v1/users/me", headers=bearer(token))).status_code == 200


async def test_what_is_guarded_answers_nobody_without_a_token(
    http: httpx.AsyncClient, api: list[Operation], each: Each, refusal: Refusal
) -> None:
    async def ask(operation: Operation) -> str | None:
        answer = await http.request(operation.method, operation.path())
        if wrong := refusal(answer, 401):
            return wrong
        if answer.headers.get("www-authenticate") != 'Bearer realm="lyceum"':
            return f"WWW-Authenticate: {answer.headers.get('www-authenticate')}"
        return None

    guarded = [one for one in api if one.is_guarded and not one.lets_guests_in]
    assert len(guarded) > 50
    assert await each(guarded, ask) == []


async def test_what_is_open_is_meant_to_be(api: list[Operation]) -> None:
    assert {one.id for one in api if one.is_guarded and one.lets_guests_in} == OPEN_TO_GUESTS
    assert {one.id for one in api if not one.is_guarded} == PUBLIC


async def test_every_forgery_gets_the_same_refusal(
    http: httpx.AsyncClient, forged: dict[str, str], each: Each, refusal: Refusal
) -> None:
    """Which check it failed would teach a forger."""
    answers: dict[str, httpx.Response] = {}

    async def ask(name: str) -> str | None:
        answers[name] = await http.get("/api/v1/users/me", headers=bearer(forged[name]))
        return refusal(answers[name], 401)

    assert await each(forged, ask) == []
    assert len({told(answer) for answer in answers.values()}) == 1
    (first, *_) = answers.values()
    assert first.headers["www-authenticate"] == 'Bearer realm="lyceum", error="invalid_token"'


@pytest.mark.parametrize(
    "forgery", ["unsigned", "HMAC with the published key as PEM", "another's key, our kid", "expired"]
)
async def test_no_operation_believes_a_forgery(
    http: httpx.AsyncClient,
    api: list[Operation],
    forged: dict[str, str],
    each: Each,
    refusal: Refusal,
    forgery: str,
) -> None:
    """Whatever is asked, open to guests or not: a bad token is never a guest."""
    seen = set()

    async def ask(operation: Operation) -> str | None:
        answer = await http.request(operation.method, operation.path(), headers=bearer(forged[forgery]))
        wrong = refusal(answer, 401)
        if wrong is None:
            seen.add(told(answer))
        return wrong

    assert await each(api, ask) == []
    assert len(seen) == 1


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Basic YWRtaW46YWRtaW4=",
        "Bearer null",
        "Bearer {token} {token}",
        "Bearer {token}, Bearer {token}",
        "{token}",
        "Token {token}",
        "Bearer {token}\u00e9",
        "Bearer \u202e{token}",
    ],
)
async def test_a_header_that_is_no_token_is_refused(
    http: httpx.AsyncClient, admin: Person, refusal: Refusal, authorization: str
) -> None:
    headers = [(b"Authorization", authorization.format(token=admin.token).encode())]
    assert refusal(await http.get("/api/v1/users/me", headers=headers), 401) is None


async def test_two_authorizations_are_none(
    http: httpx.AsyncClient, admin: Person, student: Person, refusal: Refusal
) -> None:
    headers = [("Authorization", f"Bearer {who.token}") for who in (student, admin)]
    assert refusal(await http.get("/api/v1/users", headers=headers), 401) is None


async def test_a_refresh_token_opens_nothing(
    http: httpx.AsyncClient, admin: Person, refusal: Refusal
) -> None:
    credentials = {"email": admin.email, "password": admin.password}
    pair = (await http.post("/api/v1/auth/login", json=credentials)).raise_for_status().json()
    assert refusal(await http.get("/api/v1/users/me", headers=bearer(pair["refresh"])), 401) is None


async def test_a_session_that_was_ended_opens_nothing(
    stack: Platform, http: httpx.AsyncClient, refusal: Refusal
) -> None:
    leaver = await join(http, stack.spool, "leaver")
    headers = bearer(str(leaver.token))
    assert (await http.get("/api/v1/users/me", headers=headers)).status_code == 200
    await leaver.ask("POST", "/api/v1/auth/logout-all")

    async def refused() -> bool:
        return (await http.get("/api/v1/enrollments", headers=headers)).status_code == 401

    await eventually(refused, what="the ended session refused")
    assert refusal(await http.get("/api/v1/enrollments", headers=headers), 401) is None


async def test_admins_alone_do_what_admins_do(
    http: httpx.AsyncClient, api: list[Operation], student: Person, each: Each, refusal: Refusal
) -> None:
    """The dead letters of every service, for one: they are at the same place in each."""
    operators = [one for one in api if one.template.startswith("/api/v1/ops/")]
    assert len(operators) >= 18

    async def ask(operation: Operation) -> str | None:
        answer = await http.request(operation.method, operation.path(), headers=bearer(str(student.token)))
        return refusal(answer, 403)

    assert await each(operators, ask) == []


# --- the services, asked directly: whoever is inside the network is not thereby believed --------------------


@pytest.fixture(scope="module")
def services(stack: Platform) -> dict[str, str]:
    """The base URL of each service."""
    return {name: one["url"] for name, one in stack.status()["services"].items()}


@pytest.fixture(scope="module")
def inside() -> dict[str, str]:
    """One question of each service that only services may ask, and that has an answer."""
    return {
        "identity": "/internal/users/1",
        "catalog": "/internal/courses/999999999/offer",
        "learning": "/internal/enrollments?user_id=1&course_id=999999999",
        "instructor": "/internal/instructors/by-user/999999999",
    }


@pytest.mark.parametrize(
    "service", ["identity", "catalog", "learning", "assessment", "instructor", "analytics"]
)
async def test_a_service_verifies_for_itself(
    http: httpx.AsyncClient,
    services: dict[str, str],
    forged: dict[str, str],
    each: Each,
    refusal: Refusal,
    service: str,
) -> None:
    base = services[service]
    document = (await http.get(f"{base}/openapi.json")).raise_for_status().json()
    guarded = [one for one in operations(document) if one.is_guarded]
    assert guarded

    async def ask(case: tuple[Operation, str]) -> str | None:
        operation, name = case
        url = f"{base}{operation.path()}"
        answer = await http.request(operation.method, url, headers=bearer(forged[name]))
        return refusal(answer, 401)

    some = (
        "unsigned",
        "HMAC with the published key as PEM",
        "another's key, our kid",
        "expired",
        "a refresh token",
    )
    assert await each([(one, name) for one in guarded for name in some], ask) == []
    assert await each([(guarded[0], name) for name in forged], ask) == []


async def test_an_ended_session_is_over_at_every_services_own_port(
    stack: Platform, http: httpx.AsyncClient, services: dict[str, str], refusal: Refusal
) -> None:
    """Within five seconds, whatever the gateway does; and refused as a token is that never was one."""
    leaver = await join(http, stack.spool, "leaver")
    token = str(leaver.token)
    doors: dict[str, Operation] = {}
    for service, base in services.items():
        document = (await http.get(f"{base}/openapi.json")).raise_for_status().json()
        doors[service] = next(
            one
            for one in operations(document)
            if one.method == "GET" and one.is_guarded and one.template.startswith("/api/v1/ops/")
        )

    async def knock(service: str, with_token: str) -> httpx.Response:
        return await http.get(f"{services[service]}{doors[service].path()}", headers=bearer(with_token))

    for service in services:
        assert (await knock(service, token)).status_code != 401, f"{service}: the token is good"
    await leaver.ask("POST", "/api/v1/auth/logout-all")
    ended = time.monotonic()
    for service in services:
        while (refused := await knock(service, token)).status_code != 401:
            assert time.monotonic() - ended < 60, f"{service} still believes it"
            await asyncio.sleep(0.05)
        assert refusal(refused, 401) is None
        assert told(refused) == told(await knock(service, "never.was.one")), service


def _for_people(document: dict[str, Any]) -> list[Operation]:
    """What a service lets people read who say who they are."""
    asked = [one for one in operations(document) if one.is_guarded and one.method == "GET"]
    return [one for one in asked if one.template.startswith("/api/")]


async def test_a_services_token_is_no_persons(
    stack: Platform, http: httpx.AsyncClient, services: dict[str, str], refusal: Refusal
) -> None:
    """Signed by a key of the platform, for this very service, and good: for what services ask."""
    for service, base in services.items():
        signer = ServiceSigner("catalog", stack.data_dir / "secrets" / "catalog.pem", kid="catalog.1")
        document = (await http.get(f"{base}/openapi.json")).raise_for_status().json()
        for one in _for_people(document)[:5]:
            answer = await http.get(f"{base}{one.path()}", headers=bearer(signer.token(service)))
            assert refusal(answer, 401) is None, f"{service}: {one}"
            assert told(answer) == told(await http.get(f"{base}{one.path()}", headers=bearer("a.b.c")))


@pytest.mark.parametrize("service", ["identity", "catalog", "learning", "instructor"])
async def test_what_services_ask_each_other_is_for_services(
    stack: Platform,
    http: httpx.AsyncClient,
    services: dict[str, str],
    inside: dict[str, str],
    admin: Person,
    refusal: Refusal,
    service: str,
) -> None:
    url = services[service] + inside[service]

    def as_service(caller: str, audience: str, *, key_of: str | None = None) -> dict[str, str]:
        key = stack.data_dir / "secrets" / f"{key_of or caller}.pem"
        return bearer(ServiceSigner(caller, key, kid=f"{caller}.1").token(audience))

    assert (await http.get(url, headers=as_service("analytics", service))).status_code in (200, 404)
    assert refusal(await http.get(url), 401) is None
    assert refusal(await http.get(url, headers=bearer(str(admin.token))), 401) is None
    another = "catalog" if service != "catalog" else "learning"
    assert refusal(await http.get(url, headers=as_service("analytics", another)), 401) is None
    stolen_name = as_service("assessment", service, key_of="analytics")
    assert refusal(await http.get(url, headers=stolen_name), 401) is None
