"""What can happen to a payment."""

from chassis.errors import Conflict, Invalid, PaymentRequired


class PaymentDeclined(PaymentRequired):
    slug = "payment-declined"
    title = "The payment was declined"


class PaymentConfirmationRequired(PaymentRequired):
    slug = "payment-confirmation-required"
    title = "The payment has to be confirmed with the provider first"


class UnknownPaymentToken(Invalid):
    slug = "payment-token-unknown"
    title = "The payment provider does not know this token"


class NothingToRefund(Conflict):
    slug = "nothing-to-refund"
    title = "There is no purchase in force to pay back"


class RefundWindowClosed(Conflict):
    slug = "refund-window-closed"
    title = "The time for a refund is over"


class ForgedReceipt(Exception):
    """A stored receipt does not carry the provider's signature: a defect or a fraud, never the caller's doing."""
