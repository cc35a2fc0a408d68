"""What can stand in the way of a change of subscription."""

from chassis.errors import Conflict


class SubscriptionOpenEnded(Conflict):
    slug = "subscription-open-ended"
    title = "Nobody pays for this subscription: it has no period at whose end it could change"
