"""What can be in the way of an account."""

from chassis.errors import Conflict


class UsernameTaken(Conflict):
    slug = "username-taken"
    title = "This username is taken"


class EmailTaken(Conflict):
    """Never told to a stranger: registration answers as if the account had been made, and mails the owner."""

    slug = "email-taken"
    title = "This e-mail address has an account"
