"""Everything assessment listens to."""

from chassis.consumer import Subscriptions
from contracts.identity import UserErased

from assessment.erasure import erase

SUBSCRIPTIONS: Subscriptions = {UserErased: erase}
