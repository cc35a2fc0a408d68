"""Why somebody who is logged in is not believed."""

from chassis.errors import Forbidden, TooManyRequests


class CurrentPasswordWrong(Forbidden):
    slug = "current-password-wrong"
    title = "The current password is not right"


class ReauthenticationRequired(Forbidden):
    """The session is too old for this, and nothing was given that shows whose it is."""

    slug = "reauthentication-required"
    title = "Show again that it is you"

    def __init__(self) -> None:
        super().__init__("Give your password, or log in again and do it within a few minutes.")


class LockedOut(TooManyRequests):
    """Told only to who is logged in to the account already."""

    slug = "locked-out"
    title = "Too many wrong passwords"
