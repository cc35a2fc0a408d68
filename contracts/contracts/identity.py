"""What identity tells: accounts, sessions, subscriptions. Never an e-mail, address, IP or birthday."""

from contracts.envelope import Event, example
from contracts.fields import (
    DeviceType,
    Id,
    LoginMethod,
    RevocationReason,
    Role,
    SubscriptionStatus,
    Tier,
    UtcTime,
    Version,
)


class UserRegistered(Event, type="identity.user.registered.v1", key="user_id", subject="users/{user_id}"):
    """An account was created, by password or by a provider; its e-mail may still be unverified.

    Counts registrations; who shows names keeps them from UserChanged, which follows.
    """

    user_id: Id
    username: str
    role: Role
    registration_method: LoginMethod
    registered_at: UtcTime

    model_config = example(
        {
            "user_id": 7,
            "username": "ada",
            "role": "student",
            "registration_method": "password",
            "registered_at": "2026-11-22T19:30:00Z",
        }
    )


class UserEmailVerified(
    Event, type="identity.user.email_verified.v1", key="user_id", subject="users/{user_id}"
):
    """The primary e-mail address was confirmed: the account can log in. Does not carry the address."""

    user_id: Id
    verified_at: UtcTime

    model_config = example({"user_id": 7, "verified_at": "2026-11-22T19:31:10Z"})


class UserChanged(
    Event, type="identity.user.changed.v1", key="user_id", subject="users/{user_id}", kind="state"
):
    """The public side of an account as it is now: emitted when it is created and at each change of it.

    `display_name` is what others see (first and last name, or the username). UserDeactivated shares the
    counter behind `version`.
    """

    user_id: Id
    username: str
    display_name: str
    picture_url: str | None
    role: Role
    is_active: bool
    version: Version

    model_config = example(
        {
            "user_id": 7,
            "username": "ada",
            "display_name": "Ada Lovelace",
            "picture_url": "/media/profiles/7/f3a1.webp",
            "role": "student",
            "is_active": True,
            "version": 3,
        }
    )


class UserDeactivated(Event, type="identity.user.deactivated.v1", key="user_id", subject="users/{user_id}"):
    """An admin deactivated or banned an account: its sessions are over and its tokens are refused.

    `banned_until` is the end of a ban; None for a deactivation, which lasts until an admin ends it (told by
    UserChanged with `is_active`).
    """

    user_id: Id
    banned_until: UtcTime | None
    deactivated_at: UtcTime
    version: Version

    model_config = example(
        {"user_id": 7, "banned_until": None, "deactivated_at": "2026-11-22T20:00:00Z", "version": 4}
    )


class UserErased(Event, type="identity.user.erased.v1", key="user_id", subject="users/{user_id}"):
    """A person asked to be forgotten: every service writes `tombstone_id` wherever it holds `user_id`.

    Facts, outboxes and dead letters are rewritten too; each service then reports by ErasureCompleted.
    `tombstone_id` is an id from the same sequence that belongs to nobody, so that totals stay right.
    """

    user_id: Id
    tombstone_id: Id
    erased_at: UtcTime

    model_config = example({"user_id": 7, "tombstone_id": 90412, "erased_at": "2026-12-01T08:00:00Z"})


class UserLoggedIn(Event, type="identity.user.logged_in.v1", key="user_id", subject="users/{user_id}"):
    """A login succeeded and opened a session (a refresh-token family).

    `session_id` is the session's row; the `sid` claim of its tokens is this number as text. The place is
    coarse (a country code of two letters, a city's name) and None where it is not known.
    """

    user_id: Id
    session_id: Id
    device_type: DeviceType
    login_method: LoginMethod
    logged_in_at: UtcTime
    country: str | None = None
    city: str | None = None

    model_config = example(
        {
            "user_id": 7,
            "session_id": 311,
            "device_type": "desktop",
            "login_method": "password",
            "logged_in_at": "2026-11-22T19:32:00Z",
            "country": "GB",
            "city": "London",
        }
    )


class SessionRevoked(Event, type="identity.session.revoked.v1", key="user_id", subject="users/{user_id}"):
    """A session ended before its time: from now on its access tokens are refused at the edge and inside.

    `session_id` None ends every session of the user opened, and every token issued, at or before
    `revoked_at`.
    """

    user_id: Id
    session_id: Id | None
    revoked_at: UtcTime
    reason: RevocationReason

    model_config = example(
        {"user_id": 7, "session_id": 311, "revoked_at": "2026-11-22T21:00:00Z", "reason": "logout"}
    )


class SubscriptionChanged(
    Event,
    type="identity.subscription.changed.v1",
    key="user_id",
    subject="users/{user_id}/subscription",
    kind="state",
):
    """A user's subscription as it is now: bought, renewed, cancelled, past due or expired.

    The tier counts while `status` is active or cancelled and `ends` (exclusive; None is open-ended) has not
    passed.
    """

    user_id: Id
    tier: Tier
    status: SubscriptionStatus
    starts: UtcTime
    ends: UtcTime | None
    is_auto_renew: bool
    version: Version

    model_config = example(
        {
            "user_id": 7,
            "tier": "premium",
            "status": "active",
            "starts": "2026-11-22T19:40:00Z",
            "ends": "2026-12-22T19:40:00Z",
            "is_auto_renew": True,
            "version": 2,
        }
    )
