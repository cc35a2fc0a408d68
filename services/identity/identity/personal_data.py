"""What identity holds on a person: what goes into their export, and what does not, and why.

The slices tell what they hold themselves (`export_of`); the sections are tables of which nothing needs to be told but
their rows.
"""

from chassis.personal_data import Section

SECTIONS = (
    Section("sessions", "users_usersession", leaves_out=("session_key",)),
    Section("refresh_tokens", "token_blacklist_outstandingtoken", leaves_out=("jti", "token")),
    Section(
        "refresh_tokens_ended",
        "token_blacklist_blacklistedtoken",
        "token_id -> token_blacklist_outstandingtoken.user_id",
    ),
    Section("address_verifications", "users_emailverification", leaves_out=("token",)),
    Section("password_resets", "users_passwordreset", leaves_out=("token",)),
    Section(
        "address_confirmations",
        "account_emailconfirmation",
        "email_address_id -> account_emailaddress.user_id",
        leaves_out=("key",),
    ),
    Section("confirmation_mails", "confirmation_mails"),
    Section("second_factor_challenges", "second_factor_challenges"),
    Section("instructor_standing", "identity_instructor"),
    Section("rights_withdrawals", "rights_withdrawals"),
)

TOLD_BY_SLICES = {
    "users_customuser": "account",
    "users_profile": "profile",
    "account_emailaddress": "email_addresses",
    "users_loginlog": "logins",
    "socialaccount_socialaccount": "social_accounts",
    "social_auth_usersocialauth": "social_accounts",
    "second_factor_authenticators": "second_factor",
    "second_factor_recovery_codes": "second_factor",
    "passkeys": "passkeys",
    "users_customuser_groups": "rights",
    "users_customuser_user_permissions": "rights",
    "users_subscription": "billing",
    "subscription_payments": "billing",
    "payment_refunds": "billing",
    "payment_customers": "billing",
    "admin_audit_log": "audit_log",
}
"""Which file tells of these tables' rows."""

_CONFIGURATION = "the platform's configuration; nobody's"
_SANDBOX = "the sandbox provider's own books: it knows customers, not people"
_HASHES = "keyed by hashes of what was typed; nobody can be found in it"

NOT_EXPORTED = {
    "auth_group": _CONFIGURATION,
    "auth_group_permissions": _CONFIGURATION,
    "auth_permission": _CONFIGURATION,
    "django_site": _CONFIGURATION,
    "provider_slugs": _CONFIGURATION,
    "signing_keys": _CONFIGURATION,
    "socialaccount_socialapp": _CONFIGURATION,
    "socialaccount_socialapp_sites": _CONFIGURATION,
    "social_auth_association": "the public keys of identity providers",
    "social_auth_nonce": "random numbers, so that none is used twice",
    "social_auth_partial": "logins that were not finished, by somebody who has no account yet; gone within the hour",
    "social_auth_code": "codes mailed in logins that were not finished; gone within the hour",
    "socialaccount_socialtoken": "secrets of providers, sealed: who has one acts as the person there",
    "passkey_challenges": "random numbers that passkeys are asked to sign; gone within minutes",
    "passkey_owners": "a random number under which a device keeps its passkeys",
    "mail_requests": "addresses that strangers typed; answered and gone within seconds",
    "reserved_usernames": "names that were asked for and not given; tied to no account",
    "retired_usernames": _HASHES,
    "identity_throttles": _HASHES,
    "unknown_login_attempts": _HASHES,
    "unwanted_pictures": "files that no profile shows any more, about to be removed",
    "payment_notices": "ids of what payment providers told, so that it counts once",
    "sandbox_intents": _SANDBOX,
    "sandbox_methods": _SANDBOX,
    "sandbox_refunds": _SANDBOX,
    "erasures": "whoever is in it has no account to ask with",
    "erasure_reports": "whoever it is about has no account to ask with",
}
