"""Where a session was opened: what the gateway says of the client's address, and nobody else."""

import httpx
from chassis.testing import Published
from contracts.identity import UserLoggedIn
from identity.testing import MakePerson


async def log_in(client: httpx.AsyncClient, email: str, password: str, **headers: str) -> str:
    answer = await client.post(
        "/api/v1/auth/login",
        json={"email": email, "password": password},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    assert answer.status_code == 200, answer.text
    access: str = answer.json()["access"]
    return access


async def test_a_session_and_its_event_tell_the_coarse_place(
    client: httpx.AsyncClient, join: MakePerson, published: Published
) -> None:
    ada = await join("ada")
    access = await log_in(
        client,
        ada.email,
        ada.password,
        x_forwarded_for="198.51.100.7",
        x_client_country="CH",
        x_client_city="Z%C3%BCrich",
    )
    answer = await client.get("/api/v1/users/me/sessions", headers={"Authorization": f"Bearer {access}"})
    newest, first = answer.json()["items"]
    assert (newest["location"], newest["ip_address"]) == ("Zürich, CH", "198.51.100.7")
    assert first["location"] == ""
    logins = [event for event in await published() if isinstance(event, UserLoggedIn)]
    assert [(one.country, one.city) for one in logins] == [(None, None), ("CH", "Zürich")]


async def test_a_country_without_a_city(
    client: httpx.AsyncClient, join: MakePerson, published: Published
) -> None:
    ada = await join("ada")
    access = await log_in(client, ada.email, ada.password, x_client_country="FR")
    answer = await client.get("/api/v1/users/me/sessions", headers={"Authorization": f"Bearer {access}"})
    assert answer.json()["items"][0]["location"] == "FR"
    last = [event for event in await published() if isinstance(event, UserLoggedIn)][-1]
    assert (last.country, last.city) == ("FR", None)
