"""Why a social login, or a change of linked accounts, is refused."""

from chassis.errors import Conflict, Forbidden, Invalid, TooManyRequests, Unauthenticated


class LandingRefused(Invalid):
    """The `next` of a login leads somewhere that is not ours."""

    slug = "social-landing-refused"
    title = "A login does not lead there"


class LoginNotBegun(Invalid):
    """One answer for a state, code or paused login that is unknown, used, expired, or another browser's."""

    slug = "social-login-not-begun"
    title = "This login was not begun here, has ended, or took too long"

    def __init__(self) -> None:
        super().__init__("Begin again.")


class DeniedByProvider(Forbidden):
    """The provider answered that there will be no login. Carries its `provider_error`."""

    slug = "social-login-denied"
    title = "The provider refused the login"


class ProviderAnswerRefused(Unauthenticated):
    """One answer for all that a provider or a client may present and that does not prove who somebody is."""

    slug = "social-proof-invalid"
    title = "This does not prove who you are"

    def __init__(self) -> None:
        super().__init__("Begin again; what the provider gave is not valid here, or was used before.")


class AccessTokenNotTaken(Invalid):
    """The provider has no way to say for whom it issued an access token: somebody else's client may have got it."""

    slug = "social-access-token-not-taken"
    title = "This provider's access tokens are not taken"


class EmailNeeded(Forbidden):
    """The login waits for a confirmed address. Carries the `partial` that resumes it and `expires_in`, in seconds."""

    slug = "social-email-needed"
    title = "The provider gave no confirmed e-mail address"


class OwnershipNeeded(Forbidden):
    """The address has an account: the login waits for the code that was mailed there. Carries the `partial` that
    resumes it and `expires_in`, in seconds."""

    slug = "social-ownership-needed"
    title = "This e-mail address has an account"


class CodeInvalid(Invalid):
    """One answer for a code that is wrong, used, expired, or of another paused login."""

    slug = "social-code-invalid"
    title = "This code is not valid"


class AccountNotUsable(Forbidden):
    """Told only to who proved to be its owner."""

    slug = "account-not-usable"
    title = "This account cannot be used just now"


class LinkFromInside(Forbidden):
    """An account with a second factor is not linked by a mailed code alone."""

    slug = "social-link-from-inside"
    title = "This account links others only while logged in"


class MailedTooOften(TooManyRequests):
    slug = "social-code-mailed-too-often"
    title = "Too many codes were mailed to this address"


class LinkedElsewhere(Conflict):
    slug = "social-account-linked-elsewhere"
    title = "This account at the provider belongs to somebody else here"
