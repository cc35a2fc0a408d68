"""What can be wrong with a provider, its configuration, or the site it is offered on."""

from chassis.errors import Conflict, Invalid, NotFound, Unavailable


class ProviderUnknown(NotFound):
    slug = "provider-unknown"
    title = "There is no such identity provider here"


class ProviderUnavailable(Unavailable):
    """`reason` is for those who configure the provider, and is not told to others."""

    slug = "provider-unavailable"
    title = "The identity provider cannot be used just now"

    def __init__(self, reason: str, *, retry_after: int = 30) -> None:
        super().__init__(None, retry_after=retry_after)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class SlugTaken(Conflict):
    slug = "provider-slug-taken"
    title = "The name is another provider's"


class SlugStandsForAnother(Conflict):
    """The name was, or is, that of a provider with other accounts: see models.ProviderSlug."""

    slug = "provider-slug-stands-for-another"
    title = "Accounts are linked under this name that belong to another provider"


class SettingsRefused(Invalid):
    slug = "provider-settings-refused"
    title = "The settings do not fit the provider, or name an address that is not asked from here"


class SecretNeeded(Invalid):
    """Else whoever may change the addresses could have the secret sent to one of their own."""

    slug = "provider-secret-needed"
    title = "The addresses that the client secret is sent to change: give the secret again"


class SiteUnknown(Invalid):
    slug = "site-unknown"
    title = "There is no such site"


class DomainTaken(Conflict):
    slug = "site-domain-taken"
    title = "There is a site with this domain already"


class SiteInUse(Conflict):
    slug = "site-in-use"
    title = "Providers are offered on this site"


class ProviderNotSpoken(Conflict):
    """A row of the old site's whose kind of provider we do not speak to: it can be read and deleted."""

    slug = "provider-not-spoken"
    title = "This kind of provider is not supported any more"
