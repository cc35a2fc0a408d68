"""What can be in the way of an e-mail address."""

from chassis.errors import Conflict, Invalid


class AddressTaken(Conflict):
    """Told only to who has just shown that the address is theirs: to others every address looks free."""

    slug = "email-address-taken"
    title = "Another account has confirmed this address"


class AddressUnconfirmed(Conflict):
    slug = "email-address-unconfirmed"
    title = "This address is not confirmed yet"


class AddressIsPrimary(Conflict):
    slug = "email-address-is-primary"
    title = "This is the primary address of the account"


class AddressIsYours(Conflict):
    slug = "email-address-is-yours"
    title = "This account has confirmed this address already"


class TooManyAddresses(Conflict):
    slug = "too-many-email-addresses"
    title = "This account has as many addresses as it may have"


class ConfirmationKeyInvalid(Invalid):
    """One answer for a key that is unknown, used, or expired: whoever guesses learns nothing."""

    slug = "email-confirmation-invalid"
    title = "This link is not valid any more"

    def __init__(self) -> None:
        super().__init__("It was used, it expired, or it never existed. Ask for a new one.")
