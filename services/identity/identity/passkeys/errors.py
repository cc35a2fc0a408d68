"""Why a passkey is refused."""

from chassis.errors import Conflict, Invalid, Unauthenticated


class PasskeyRefused(Unauthenticated):
    """One answer for a passkey that is unknown, answers another challenge, or is of an account that may not be used."""

    slug = "passkey-refused"
    title = "This passkey does not log in"


class PasskeyUnfit(Invalid):
    """What was to be registered does not answer the challenge, comes from elsewhere, or is not of a kind we take."""

    slug = "passkey-unfit"
    title = "This cannot be registered as a passkey"

    def __init__(self) -> None:
        super().__init__("Ask for new options, and try again within five minutes.")


class PasskeyTaken(Conflict):
    slug = "passkey-taken"
    title = "This passkey is registered already"


class TooManyPasskeys(Conflict):
    slug = "too-many-passkeys"
    title = "An account has only so many passkeys"


class OnlyWayIn(Conflict):
    slug = "only-way-in"
    title = "Nothing else lets you in to this account"
