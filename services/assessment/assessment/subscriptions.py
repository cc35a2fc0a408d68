"""Everything assessment listens to."""

from chassis.consumer import Subscriptions
from chassis.revocations import on_session_revoked, on_user_deactivated
from contracts.identity import SessionRevoked, UserDeactivated, UserErased

from assessment.erasure import on_user_erased

SUBSCRIPTIONS: Subscriptions = {
    UserErased: on_user_erased,
    SessionRevoked: on_session_revoked,
    UserDeactivated: on_user_deactivated,
}
