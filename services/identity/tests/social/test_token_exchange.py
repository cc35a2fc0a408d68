import asyncio
import base64
import hmac
import json
import secrets
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from chassis.db import Database, now
from chassis.testing import Published
from contracts.identity import UserLoggedIn, UserRegistered
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from lyceum.oidc_testing import SECRET, OidcProvider
from sqlalchemy import text

from .people import SOCIAL, MobileClient, Visitor

Json = dict[str, Any]


async def exchange(client: httpx.AsyncClient, slug: str = "campus", **given: Any) -> httpx.Response:
    return await client.post(f"{SOCIAL}/{slug}/token", json=given)


def is_refused(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["type"]) == (401, "/problems/social-proof-invalid")


def claims_in(token: str) -> Json:
    payload = token.split(".")[1]
    found: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


async def test_an_id_token(
    client: httpx.AsyncClient, mobile: MobileClient, published: Published, database: Database
) -> None:
    tokens = await mobile.tokens("ada", nonce="n-1")
    answer = await exchange(client, id_token=tokens["id_token"], nonce="n-1")
    assert answer.status_code == 200, answer.text
    events = await published()
    assert [e.login_method for e in events if isinstance(e, UserLoggedIn)] == ["token"]
    assert [e.registration_method for e in events if isinstance(e, UserRegistered)] == ["oidc"]
    async with database.transaction() as session:
        uid = await session.scalar(text("SELECT uid FROM social_auth_usersocialauth"))
    assert uid == "sub-ada"


async def test_both_ways_lead_to_one_account(
    client: httpx.AsyncClient, mobile: MobileClient, visitor: Visitor, database: Database
) -> None:
    tokens = await mobile.tokens("ada")
    assert (await exchange(client, id_token=tokens["id_token"])).status_code == 200
    assert (await visitor.log_in("ada")).status_code == 200
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM users_customuser")) == 1


@pytest.mark.parametrize("nonce", ["n-1", None])
async def test_an_id_token_is_good_once_even_at_once(
    client: httpx.AsyncClient, mobile: MobileClient, nonce: str | None
) -> None:
    id_token = (await mobile.tokens("ada", nonce=nonce))["id_token"]
    answers = await asyncio.gather(*(exchange(client, id_token=id_token, nonce=nonce) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401, 401]
    assert is_refused(await exchange(client, id_token=id_token, nonce=nonce))


async def test_a_nonce_is_good_once_whatever_the_token(
    client: httpx.AsyncClient, mobile: MobileClient
) -> None:
    for expected in (200, 401):
        id_token = (await mobile.tokens("ada", nonce="the-same"))["id_token"]
        assert (await exchange(client, id_token=id_token)).status_code == expected


async def test_another_nonce_than_the_client_asked_with(
    client: httpx.AsyncClient, mobile: MobileClient
) -> None:
    id_token = (await mobile.tokens("ada", nonce="n-1"))["id_token"]
    assert is_refused(await exchange(client, id_token=id_token, nonce="n-2"))
    assert (await exchange(client, id_token=id_token, nonce="n-1")).status_code == 200, "not used up by that"


async def test_an_id_token_of_a_browser_login_is_used_up_by_it(
    client: httpx.AsyncClient, visitor: Visitor, database: Database
) -> None:
    await visitor.log_in("ada")
    async with database.transaction() as session:
        used = await session.scalar(text("SELECT count(*) FROM social_auth_nonce"))
    assert used == 1


async def test_an_id_token_for_another_audience(client: httpx.AsyncClient, mobile: MobileClient) -> None:
    """Issued by the right provider, to a client that is not ours: `lyceum-es256` is no client of `campus`."""
    redirect = f"http://lyceum.test{SOCIAL}/campus/callback"
    tokens = await mobile.tokens("ada", client_id="lyceum-es256", client_secret=SECRET, redirect_uri=redirect)
    assert is_refused(await exchange(client, id_token=tokens["id_token"]))
    assert (await exchange(client, "campus-es256", id_token=tokens["id_token"])).status_code == 200


async def test_an_id_token_of_another_issuer(client: httpx.AsyncClient, campus: OidcProvider) -> None:
    with OidcProvider(redirect_uris=["http://lyceum.test/callback"]) as elsewhere:
        async with MobileClient(elsewhere) as mobile:
            id_token = (await mobile.tokens("ada"))["id_token"]
    assert is_refused(await exchange(client, id_token=id_token))


# --- access tokens ----------------------------------------------------------------------------------------------


async def test_an_access_token_that_the_provider_vouches_for(
    client: httpx.AsyncClient, mobile: MobileClient
) -> None:
    redirect = f"http://lyceum.test{SOCIAL}/campus/callback"
    ours = await mobile.tokens("ada", client_id="lyceum", client_secret=SECRET, redirect_uri=redirect)
    answer = await exchange(client, access_token=ours["access_token"])
    assert answer.status_code == 200, answer.text


async def test_an_access_token_of_another_client(client: httpx.AsyncClient, mobile: MobileClient) -> None:
    """The confused deputy: any client of the provider's has such a token of its users'."""
    redirect = f"http://lyceum.test{SOCIAL}/campus/callback"
    theirs = await mobile.tokens("ada", client_id="lyceum-es256", client_secret=SECRET, redirect_uri=redirect)
    assert is_refused(await exchange(client, access_token=theirs["access_token"]))
    assert is_refused(await exchange(client, access_token="made-up"))


async def test_an_access_token_where_nobody_vouches_for_it(
    client: httpx.AsyncClient, campus: OidcProvider, app: Any, mobile: MobileClient
) -> None:
    """A provider that has no introspection cannot say for whom it issued a token."""
    tokens = await mobile.tokens("ada")
    discovery = app.state.discovery
    kept = await discovery.fetch(campus.issuer)
    silent = kept.model_copy(update={"introspection_endpoint": None})

    async def discover(_provider: Any) -> Any:
        return silent

    app.state.prover._discovery = type("Silent", (), {"discover": staticmethod(discover)})()
    answer = await exchange(client, access_token=tokens["access_token"])
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/social-access-token-not-taken")


# --- forgeries --------------------------------------------------------------------------------------------------

MINE = ECKey.generate_key("P-256", {"kid": "mine"})
RSA = RSAKey.generate_key(2048, {"kid": "mine-rsa"})


async def publish(database: Database, issuer: str, key: ECKey | RSAKey, algorithm: str) -> None:
    """Have a key of ours among the provider's, as if it had been fetched there: so we can say anything."""
    public = {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}
    async with database.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO social_auth_association (server_url, handle, secret, issued, lifetime, assoc_type) "
                "VALUES (:issuer, :kid, :secret, :issued, 3600, :algorithm)"
            ),
            {
                "issuer": issuer,
                "kid": key.kid,
                "secret": json.dumps(public),
                "issued": int(now().timestamp()),
                "algorithm": algorithm,
            },
        )


def claims(issuer: str, **changes: Any) -> Json:
    instant = int(time.time())
    base = {
        "iss": issuer,
        "sub": "sub-forged",
        "aud": "lyceum",
        "iat": instant,
        "exp": instant + 600,
        "email": "forged@idp.example",
        "email_verified": True,
        "jti": secrets.token_hex(8),
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def signed(content: Json, key: Any = MINE, alg: str = "ES256", **header: Any) -> str:
    head = {"alg": alg, "kid": key.kid, **header}
    return jws.serialize_compact(head, json.dumps(content).encode(), key, algorithms=[alg])


def unsigned(content: Json, header: Json, signature: str = "") -> str:
    def part(member: Json) -> str:
        return base64.urlsafe_b64encode(json.dumps(member).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(content)}.{signature}"


def by_secret(content: Json, kid: str, secret: bytes) -> str:
    """Signed with HMAC, whatever the secret is: a library would warn."""
    signing_input = unsigned(content, {"alg": "HS256", "kid": kid})[:-1]
    mac = hmac.digest(secret, signing_input.encode(), "sha256")
    return f"{signing_input}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


@pytest.fixture
async def issuer(campus: OidcProvider, database: Database) -> str:
    await publish(database, campus.issuer, MINE, "ES256")
    await publish(database, campus.issuer, RSA, "RSA")
    return campus.issuer


async def test_the_forger_can_do_it_right(client: httpx.AsyncClient, issuer: str) -> None:
    """What is refused below is refused for what is wrong with it, and for nothing else."""
    for aud, more in [
        ("lyceum", {}),
        ("lyceum-mobile", {}),
        (["lyceum", "lyceum-mobile"], {"azp": "lyceum"}),
    ]:
        answer = await exchange(client, id_token=signed(claims(issuer, aud=aud, **more)))
        assert answer.status_code == 200, answer.text
    for alg in ("RS256", "PS384"):
        assert (await exchange(client, id_token=signed(claims(issuer, a=alg), RSA, alg))).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": []},
        {"aud": None},
        {"aud": ["lyceum", "another"], "azp": "lyceum"},
        {"aud": ["lyceum", "lyceum-mobile"]},
        {"aud": {"lyceum": 1}},
        {"azp": "another"},
        {"azp": None, "aud": ["another", "lyceum"]},
        {"exp": timedelta(minutes=-2)},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": timedelta(hours=1)},
        {"iat": timedelta(seconds=-86_500)},
        {"iat": None},
        {"nbf": timedelta(hours=1)},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\x00b"},
    ],
    ids=repr,
)
async def test_a_claim_that_is_wrong(client: httpx.AsyncClient, issuer: str, changes: Json) -> None:
    # The table of cases is read by every process that collects tests, each at another second.
    at_now = {
        name: int(time.time() + value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in changes.items()
    }
    assert is_refused(await exchange(client, id_token=signed(claims(issuer, **at_now))))


async def test_a_signature_that_proves_nothing(
    client: httpx.AsyncClient, issuer: str, mobile: MobileClient
) -> None:
    right = claims(issuer)
    real = (await mobile.tokens("ada"))["id_token"]
    head, body, mac = real.split(".")
    pem = RSA.as_pem(private=False)
    tokens = {
        "none": unsigned(right, {"alg": "none"}),
        "None": unsigned(right, {"alg": "None", "kid": "mine"}),
        "none, signed": unsigned(right, {"alg": "none", "kid": "mine"}, "c2ln"),
        "HS256 by the client secret": by_secret(right, "mine", SECRET.encode()),
        "HS256 by the public key": by_secret(right, "mine-rsa", pem),
        "HS256 by the public key as DER": by_secret(right, "mine-rsa", RSA.as_der(private=False)),
        "another key of that name": signed(right, ECKey.generate_key("P-256", {"kid": "mine"})),
        "another kind of key": signed(right, RSA, "RS256", kid="mine"),
        "no signature": f"{head}.{body}.",
        "another's body": f"{head}.{unsigned(right, {}).split('.')[1]}.{mac}",
        "a key that it brings along": signed(
            right, ECKey.generate_key("P-256", {"kid": "new"}), jwk=MINE.as_dict(private=False)
        ),
        "critical": unsigned(right, {"alg": "ES256", "kid": "mine", "crit": ["b64"], "b64": False}),
        "an access token": signed(right, typ="at+jwt"),
        "no header": unsigned(right, {}),
        "not JSON": "AAAA.AAAA.AAAA",
        "too much": "a." + "b" * 16_000 + ".c",
        "two parts": "a.b",
    }
    for what, token in tokens.items():
        assert is_refused(await exchange(client, id_token=token)), what
    assert (await exchange(client, id_token=real)).status_code == 200


async def test_an_unverified_address_is_none(client: httpx.AsyncClient, issuer: str) -> None:
    unverified: list[Any] = [False, None, "false", "yes", 1, []]
    for verified in unverified:
        answer = await exchange(
            client, id_token=signed(claims(issuer, email_verified=verified, v=str(verified)))
        )
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/social-email-needed"), verified


# --- the provider's keys ----------------------------------------------------------------------------------------


async def test_new_keys_are_fetched_and_old_ones_forgotten(
    client: httpx.AsyncClient, mobile: MobileClient, campus: OidcProvider, database: Database, app: Any
) -> None:
    before = (await mobile.tokens("ada"))["id_token"]
    assert (await exchange(client, id_token=before)).status_code == 200
    unused = (await mobile.tokens("ada"))["id_token"]
    campus.rotate_keys()
    async with MobileClient(campus) as fresh:
        after = (await fresh.tokens("ada"))["id_token"]
    assert is_refused(await exchange(client, id_token=after)), "asked a moment ago: not again so soon"
    app.state.prover._keys._asked.clear()
    assert (await exchange(client, id_token=after)).status_code == 200
    assert is_refused(await exchange(client, id_token=unused)), "signed by what is published no more"


async def test_made_up_key_ids_ask_the_provider_once(
    client: httpx.AsyncClient, campus: OidcProvider, database: Database
) -> None:
    forged = [
        signed(claims(campus.issuer, n=n), ECKey.generate_key("P-256", {"kid": f"k{n}"})) for n in range(8)
    ]
    answers = await asyncio.gather(*(exchange(client, id_token=token) for token in forged))
    assert all(is_refused(answer) for answer in answers)
    async with database.transaction() as session:
        issued = (await session.scalars(text("SELECT DISTINCT issued FROM social_auth_association"))).all()
    assert len(issued) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id_token": "a.b.c", "access_token": "x"},
        {"code": "short"},
        {"nonce": "n"},
        {"access_token": "x", "nonce": "n"},
        {"id_token": "a.b.c", "code_verifier": "v" * 43},
        {"id_token": "x" * 20_000},
        {"id_token": "a.b.c", "user_id": 1},
        {"id_token": 7},
    ],
    ids=str,
)
async def test_bad_input(client: httpx.AsyncClient, campus: OidcProvider, body: Json) -> None:
    answer = await client.post(f"{SOCIAL}/campus/token", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/validation")
