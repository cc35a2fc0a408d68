"""The tables of identity: `metadata` is whole once this module is imported."""

import chassis.tables  # noqa: F401 - outbox, dead letters and the like join the metadata
from chassis.db import Base

from identity.accounts.models import CustomUser, ReservedUsername, RetiredUsername
from identity.audit.models import AdminAuditEntry
from identity.billing.models import Subscription
from identity.email_addresses.models import ConfirmationMail, EmailAddress, EmailConfirmation
from identity.erasures.models import Erasure, ErasureReport
from identity.instructor_standing.models import MirrorInstructor
from identity.login_attempts.models import LoginLog, UnknownLoginAttempt
from identity.mail_requests.models import MailRequest
from identity.one_time_tokens.models import EmailVerification, PasswordReset
from identity.passkeys.models import Passkey, PasskeyChallenge, PasskeyOwner
from identity.payments.models import (
    Customer,
    Payment,
    PaymentNotice,
    Refund,
    SandboxIntent,
    SandboxMethod,
    SandboxRefund,
)
from identity.profile_pictures.models import UnwantedPicture
from identity.profiles.models import Profile
from identity.providers.models import ProviderSlug, Site, SocialApp, SocialAppSite
from identity.rights.models import (
    CustomUserGroup,
    CustomUserPermission,
    Group,
    GroupPermission,
    Permission,
    RightsWithdrawal,
)
from identity.second_factors.models import Authenticator, Challenge, RecoveryCode
from identity.sessions.models import UserSession
from identity.social.models import (
    Association,
    Code,
    Nonce,
    Partial,
    SocialAccount,
    SocialToken,
    UserSocialAuth,
)
from identity.throttles.models import Throttle
from identity.tokens.models import BlacklistedToken, OutstandingToken, SigningKey

metadata = Base.metadata

__all__ = [
    "AdminAuditEntry",
    "Association",
    "Authenticator",
    "BlacklistedToken",
    "Challenge",
    "Code",
    "ConfirmationMail",
    "CustomUser",
    "CustomUserGroup",
    "CustomUserPermission",
    "Customer",
    "EmailAddress",
    "EmailConfirmation",
    "EmailVerification",
    "Erasure",
    "ErasureReport",
    "Group",
    "GroupPermission",
    "LoginLog",
    "MailRequest",
    "MirrorInstructor",
    "Nonce",
    "OutstandingToken",
    "Partial",
    "Passkey",
    "PasskeyChallenge",
    "PasskeyOwner",
    "PasswordReset",
    "Payment",
    "PaymentNotice",
    "Permission",
    "Profile",
    "ProviderSlug",
    "RecoveryCode",
    "Refund",
    "ReservedUsername",
    "RetiredUsername",
    "RightsWithdrawal",
    "SandboxIntent",
    "SandboxMethod",
    "SandboxRefund",
    "SigningKey",
    "Site",
    "SocialAccount",
    "SocialApp",
    "SocialAppSite",
    "SocialToken",
    "Subscription",
    "Throttle",
    "UnknownLoginAttempt",
    "UnwantedPicture",
    "UserSession",
    "UserSocialAuth",
    "metadata",
]
