import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from chassis.testing import Upstream, serving
from identity.outbound import Outbound
from identity.providers import discovery as module
from identity.providers.discovery import Discovery
from identity.providers.errors import ProviderUnavailable
from identity.providers.rules import Provider
from lyceum.oidc_testing import OidcProvider
from pydantic import SecretStr

PATH = "/.well-known/openid-configuration"


def provider(issuer: str) -> Provider:
    return Provider(1, "campus", "oidc", "Campus", "lyceum", SecretStr("s"), issuer=issuer)


def allowing(*urls: str) -> Discovery:
    return Discovery(Outbound([url.removeprefix("http://") for url in urls]))


@pytest.fixture
async def issuer() -> AsyncIterator[Upstream]:
    """A server of our own that can say what it likes of itself."""
    stand_in = Upstream("")
    async with serving(stand_in) as url:
        stand_in.url = url
        stand_in.will_answer(PATH, document(url))
        yield stand_in


def document(url: str, **changes: Any) -> dict[str, Any]:
    said = {
        "issuer": url,
        "authorization_endpoint": f"{url}/auth",
        "token_endpoint": f"{url}/token",
        "jwks_uri": f"{url}/jwks",
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


async def test_a_real_provider(oidc_provider: OidcProvider) -> None:
    found = await allowing(oidc_provider.issuer).discover(provider(oidc_provider.issuer))
    assert found.issuer == oidc_provider.issuer
    assert found.token_endpoint == f"{oidc_provider.issuer}/token"
    assert found.introspection_endpoint == f"{oidc_provider.issuer}/token/introspection"
    assert {"RS256", "ES256"} <= set(found.id_token_signing_alg_values_supported)
    assert found.code_challenge_methods_supported == ("S256",)
    assert found.authorization_response_iss_parameter_supported


async def test_a_provider_on_this_machine_has_to_be_named(oidc_provider: OidcProvider) -> None:
    with pytest.raises(ProviderUnavailable, match="Only https"):
        await Discovery(Outbound()).discover(provider(oidc_provider.issuer))


async def test_it_is_asked_once_an_hour(issuer: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    discovery = allowing(issuer.url)
    them = provider(issuer.url)
    found = await asyncio.gather(*(discovery.discover(them) for _ in range(20)))
    assert len(set(map(id, found))) == 1
    await discovery.discover(them)
    assert len(issuer.asked) == 1
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(module, "AGAIN_AFTER_SECONDS", 0.0)
    await discovery.discover(them)
    assert len(issuer.asked) == 2


async def test_one_who_goes_away_takes_the_answer_from_nobody(issuer: Upstream) -> None:
    discovery = allowing(issuer.url)
    first = asyncio.create_task(discovery.discover(provider(issuer.url)))
    second = asyncio.create_task(discovery.discover(provider(issuer.url)))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).issuer == issuer.url
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_one_that_fails_is_believed_what_it_said_and_not_asked_at_once(
    issuer: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    discovery = allowing(issuer.url)
    them = provider(issuer.url)
    before = await discovery.discover(them)
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(module, "AGAIN_AFTER_SECONDS", 0.0)
    issuer.will_answer(PATH, {}, status=500)
    assert await discovery.discover(them) == before
    asked = len(issuer.asked)
    monkeypatch.setattr(module, "AGAIN_AFTER_SECONDS", 60.0)
    assert await discovery.discover(them) == before
    assert len(issuer.asked) == asked
    monkeypatch.setattr(module, "USABLE_SECONDS", 0.0)
    with pytest.raises(ProviderUnavailable, match="500"):
        await discovery.discover(them)
    assert len(issuer.asked) == asked


async def test_one_that_never_answered_is_not_asked_by_every_visitor(issuer: Upstream) -> None:
    issuer.will_answer(PATH, {}, status=503)
    discovery = allowing(issuer.url)
    for _ in range(5):
        with pytest.raises(ProviderUnavailable, match="503"):
            await discovery.discover(provider(issuer.url))
    assert len(issuer.asked) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "https://accounts.google.com"}, "is configured"),
        ({"issuer": None}, "issuer"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"token_endpoint": 7}, "token_endpoint"),
        ({"token_endpoint": "http://169.254.169.254/latest"}, "token_endpoint cannot be asked"),
        ({"jwks_uri": "http://127.0.0.1:1/jwks"}, "jwks_uri cannot be asked"),
        ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri cannot be asked"),
        ({"userinfo_endpoint": "https://10.0.0.1/me"}, "userinfo_endpoint cannot be asked"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint cannot be asked"),
        ({"scopes_supported": ["x"] * 1000}, "scopes_supported"),
        ({"authorization_endpoint": "https://a.example/" + "x" * 3000}, "authorization_endpoint"),
    ],
)
async def test_what_a_provider_may_not_say(issuer: Upstream, changes: dict[str, Any], reason: str) -> None:
    issuer.will_answer(PATH, document(issuer.url, **changes))
    with pytest.raises(ProviderUnavailable, match=reason):
        await allowing(issuer.url).discover(provider(issuer.url))


async def test_an_issuer_is_compared_letter_by_letter(issuer: Upstream) -> None:
    with pytest.raises(ProviderUnavailable, match="is configured"):
        await allowing(issuer.url).discover(provider(f"{issuer.url}/"))
    issuer.will_answer(PATH, document(f"{issuer.url}/"))
    assert (await allowing(issuer.url).discover(provider(f"{issuer.url}/"))).issuer == f"{issuer.url}/"


@pytest.mark.parametrize("said", [[], "text", None, {"issuer": []}])
async def test_what_is_no_metadata_at_all(issuer: Upstream, said: Any) -> None:
    issuer.will_answer(PATH, said)
    with pytest.raises(ProviderUnavailable):
        await allowing(issuer.url).discover(provider(issuer.url))


async def test_documents_kept_are_bounded(issuer: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DOCUMENTS_AT_MOST", 3)
    discovery = allowing(issuer.url)
    for number in range(5):
        issuer.will_answer(f"/{number}{PATH}", document(f"{issuer.url}/{number}"))
        await discovery.discover(provider(f"{issuer.url}/{number}"))
    await discovery.discover(provider(f"{issuer.url}/4"))
    assert len(issuer.asked) == 5
    await discovery.discover(provider(f"{issuer.url}/0"))
    assert len(issuer.asked) == 6


async def test_what_is_told_to_others_hides_the_reason(issuer: Upstream) -> None:
    issuer.will_answer(PATH, document(issuer.url, jwks_uri="http://10.1.2.3/"))
    with pytest.raises(ProviderUnavailable) as told:
        await allowing(issuer.url).discover(provider(issuer.url))
    assert "10.1.2.3" in told.value.reason
    assert "10.1.2.3" not in json.dumps([told.value.detail, told.value.title])
