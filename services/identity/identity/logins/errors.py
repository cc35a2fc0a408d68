"""Why a login is refused."""

from chassis.errors import Forbidden, Unauthenticated


class WrongCredentials(Unauthenticated):
    """One answer for an unknown name, a wrong password, a locked account and a deactivated one."""

    slug = "wrong-credentials"
    title = "The name or the password is not right"


class EmailNotVerified(Forbidden):
    """Told only to who gave the right password."""

    slug = "email-not-verified"
    title = "The e-mail address is not confirmed yet"

    def __init__(self) -> None:
        super().__init__("Follow the link in the mail you got, or ask for another one.")
