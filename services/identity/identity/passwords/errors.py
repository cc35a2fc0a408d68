"""Why a password is refused."""

from chassis.errors import Invalid


class PasswordTooCommon(Invalid):
    slug = "password-too-common"
    title = "This password is one of the first that an attacker tries"


class PasswordTooObvious(Invalid):
    slug = "password-too-obvious"
    title = "A password may not be one's own name or address"
