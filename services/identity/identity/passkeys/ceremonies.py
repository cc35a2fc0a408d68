"""WebAuthn's two ceremonies by Duo's library, in a thread: it takes half a second to import, and parses bytes that
strangers made up.

It is imported when it is first needed, so that those who log in by password do without it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from identity.passkeys.rules import SITE_NAME, Site

log = structlog.get_logger()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """A registered key pair, as options name it: its id, and the ways its authenticator is reached."""

    credential_id: bytes
    transports: Sequence[str]


@dataclass(frozen=True, slots=True)
class Registered:
    """A key pair that answered a registration's challenge."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str
    is_backed_up: bool


@dataclass(frozen=True, slots=True)
class Used:
    """An authenticator's counter after it signed, and whether its key is kept elsewhere as well."""

    sign_count: int
    is_backed_up: bool


async def creation_options(
    site: Site, challenge: bytes, *, handle: bytes, name: str, display_name: str, known: Sequence[Known]
) -> dict[str, Any]:
    """Options for navigator.credentials.create(), as JSON: a discoverable credential, its user verified."""

    def make() -> dict[str, Any]:
        from webauthn import generate_registration_options
        from webauthn.helpers import options_to_json_dict
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        selection = AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        options = generate_registration_options(
            rp_id=site.rp_id,
            rp_name=SITE_NAME,
            user_id=handle,
            user_name=name,
            user_display_name=display_name,
            challenge=challenge,
            timeout=300_000,
            authenticator_selection=selection,
            exclude_credentials=[_descriptor(one) for one in known],
        )
        return options_to_json_dict(options)

    return await asyncio.to_thread(make)


async def request_options(
    site: Site, challenge: bytes, *, known: Sequence[Known] = (), verified: bool
) -> dict[str, Any]:
    """Options for navigator.credentials.get(), as JSON. Without `known` the authenticator offers what it has."""

    def make() -> dict[str, Any]:
        from webauthn import generate_authentication_options
        from webauthn.helpers import options_to_json_dict
        from webauthn.helpers.structs import UserVerificationRequirement

        wanted = UserVerificationRequirement.REQUIRED if verified else UserVerificationRequirement.PREFERRED
        options = generate_authentication_options(
            rp_id=site.rp_id,
            challenge=challenge,
            timeout=300_000,
            allow_credentials=[_descriptor(one) for one in known],
            user_verification=wanted,
        )
        return options_to_json_dict(options)

    return await asyncio.to_thread(make)


def _descriptor(one: Known) -> Any:
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    transports = [AuthenticatorTransport(transport) for transport in one.transports]
    return PublicKeyCredentialDescriptor(id=one.credential_id, transports=transports or None)


async def register(site: Site, challenge: bytes, credential: dict[str, Any]) -> Registered | None:
    """The key pair that answers the challenge, its user verified; None when it does not."""

    def verify() -> Registered:
        from webauthn import verify_registration_response
        from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

        done = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            require_user_verification=True,
        )
        # A key that is none would else be found out at the first login.
        decoded_public_key_to_cryptography(decode_credential_public_key(done.credential_public_key))
        return Registered(
            done.credential_id,
            done.credential_public_key,
            done.sign_count,
            done.aaguid,
            done.credential_backed_up,
        )

    return await _tried(verify)


async def use(
    site: Site, challenge: bytes, credential: dict[str, Any], public_key: bytes, *, verified: bool
) -> Used | None:
    """What the authenticator says when it signed the challenge with this key; None when it did not. Whether it
    counted on is the caller's to judge."""

    def verify() -> Used:
        from webauthn import verify_authentication_response

        done = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=verified,
        )
        return Used(done.new_sign_count, done.credential_backed_up)

    return await _tried(verify)


async def _tried(verify: Callable[[], T]) -> T | None:
    try:
        return await asyncio.to_thread(verify)
    except Exception as error:  # noqa: BLE001 - whatever it stumbles over in a stranger's bytes, they are not right
        log.info("a passkey's answer was refused", why=f"{type(error).__name__}: {error}"[:200])
        return None
