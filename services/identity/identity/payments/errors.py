"""What can happen to a payment."""

from chassis.errors import Conflict, Invalid, LyceumError, NotFound, PaymentRequired


class PaymentDeclined(PaymentRequired):
    """`code` in the answer is the provider's word for why (`card_declined`, `insufficient_funds`, ...)."""

    slug = "payment-declined"
    title = "The payment was declined"


class PaymentConfirmationRequired(PaymentRequired):
    """`confirmation` in the answer is what the client confirms with."""

    slug = "payment-confirmation-required"
    title = "The payment has to be confirmed with the provider first"


class PaymentMethodMissing(PaymentRequired):
    slug = "payment-method-missing"
    title = "There is nothing to pay with"


class UnknownPaymentMethod(Invalid):
    slug = "payment-method-unknown"
    title = "The payment provider does not know this payment method"


class AnotherProvider(Invalid):
    slug = "payment-provider-not-configured"
    title = "This platform does not take payments through this provider"


class PaymentInProgress(Conflict):
    slug = "payment-in-progress"
    title = "A payment of yours is still on its way"

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}


class PaymentNotFound(NotFound):
    slug = "payment-not-found"
    title = "There is no such payment"


class NothingToRefund(Conflict):
    slug = "payment-not-refundable"
    title = "There is nothing of this payment to pay back"


class ForgedNotice(LyceumError):
    """Says nothing about what is wrong with it: that would teach a forger."""

    status = 400
    slug = "payment-notice-not-genuine"
    title = "This does not carry the payment provider's signature of the last minutes"


class OutcomeUnknown(Exception):
    """The provider was asked and did not answer (in time): it may have done it."""


class NotAttempted(Exception):
    """The provider refused before it did anything: too many requests, a wrong key, a defect of ours."""


class ForgedReceipt(Exception):
    """What came as paid is not what was asked for, or not signed: a defect or a fraud, never the caller's doing."""
