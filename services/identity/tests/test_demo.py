import re

import httpx
from chassis.testing import Published
from contracts.identity import SubscriptionChanged, UserChanged, UserEmailVerified, UserRegistered
from identity.demo import make_demo_accounts, offer_demo_provider
from identity.settings import Settings
from identity.testing import MakePerson, Person
from pydantic import SecretStr


def with_demo(settings: Settings, password: str = "seven grey owls") -> Settings:
    given = {
        f"demo_{name}_{field}": value
        for name in ("admin", "instructor", "student")
        for field, value in (("email", f"{name}@lyceum.example"), ("password", SecretStr(password)))
    }
    return settings.model_copy(update=given)


async def test_twice_makes_them_once(
    client: httpx.AsyncClient, settings: Settings, published: Published
) -> None:
    made = await make_demo_accounts(with_demo(settings))
    assert made == ["admin@lyceum.example", "instructor@lyceum.example", "student@lyceum.example"]
    events = await published()
    assert await make_demo_accounts(with_demo(settings, "another password")) == []
    assert await published() == events
    for kind in (UserRegistered, UserChanged, SubscriptionChanged, UserEmailVerified):
        assert sum(isinstance(event, kind) for event in events) == 3
    roles = {}
    for name in ("admin", "instructor", "student"):
        person = Person(client, f"{name}@lyceum.example", name, "seven grey owls")
        assert (await person.log_in()).status_code == 200, "the first password stays"
        roles[name] = (await person.me())["role"]
    assert roles == {"admin": "admin", "instructor": "student", "student": "student"}


async def test_only_what_is_configured_is_made(settings: Settings) -> None:
    assert await make_demo_accounts(settings) == []
    half = settings.model_copy(update={"demo_admin_email": "admin@lyceum.example"})
    assert await make_demo_accounts(half) == []


async def test_a_taken_username_is_no_obstacle(settings: Settings, register: MakePerson) -> None:
    await register("demo-student")
    assert "student@lyceum.example" in await make_demo_accounts(with_demo(settings))


async def test_the_provider_to_try_is_offered_while_it_runs(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    async def offered() -> list[str]:
        answer = await client.get("/api/v1/auth/social/providers")
        assert answer.status_code == 200, answer.text
        return re.findall(r'"(lyceum-demo)"', answer.text)

    assert await offer_demo_provider(settings) is False
    assert await offered() == []
    running = settings.model_copy(
        update={"demo_oidc_issuer": "http://127.0.0.1:1", "demo_oidc_client_secret": SecretStr("s")}
    )
    moved = running.model_copy(update={"demo_oidc_issuer": "http://127.0.0.1:2"})
    for start in (running, running, moved):
        assert await offer_demo_provider(start) is True
        assert await offered() == ["lyceum-demo"]
    assert await offer_demo_provider(settings) is False
    assert await offered() == []
