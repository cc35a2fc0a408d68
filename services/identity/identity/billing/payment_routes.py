"""Payments: one's own, everybody's for the staff, money back, and what providers tell."""

from typing import Annotated, Literal

from chassis.auth import Principal
from chassis.errors import PayloadTooLarge
from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import CurrentUser, Router, Session, Staff
from fastapi import Path, Query, Request, Response

from identity.billing import notices, refunding
from identity.billing.dependencies import PaymentProvider
from identity.billing.schemas import (
    NoticeTaken,
    PaymentForStaff,
    PaymentListParams,
    PaymentOut,
    RefundIn,
    RefundOut,
    SandboxDecisionIn,
    told,
)
from identity.dependencies import Config, Transactions
from identity.payments import service as payments
from identity.payments.errors import PaymentNotFound
from identity.payments.refunds import refunds_of
from identity.payments.sandbox import Sandbox

router = Router(prefix="/api/v1", tags=["payments"])

NOTICE_BYTES = 256 * 1024
"""What a webhook may weigh; Stripe's weigh a few kilobytes."""


@router.get("/users/me/payments", response_model=Page[PaymentOut])
async def list_my_payments(
    session: Session, user: CurrentUser, params: Annotated[PageParams, Query()]
) -> Page[PaymentOut]:
    """What I was asked to pay, newest first, with the receipts."""
    rows, next_cursor = await payments.list_payments(session, user.user_id, params)
    refunds = await refunds_of(session, [row.id for row in rows])
    items = [PaymentOut.model_validate(told(row, refunds.get(row.id, ()))) for row in rows]
    return Page(items=items, next_cursor=next_cursor)


@router.get("/payments", response_model=Page[PaymentForStaff])
async def list_payments(
    session: Session,
    _staff: Annotated[Principal, Staff("identity.view_payment")],
    params: Annotated[PaymentListParams, Query()],
) -> Page[PaymentForStaff]:
    """Everybody's payments, newest first."""
    rows, next_cursor = await payments.list_payments(session, params.user_id, params)
    refunds = await refunds_of(session, [row.id for row in rows])
    items = [PaymentForStaff.model_validate(told(row, refunds.get(row.id, ()))) for row in rows]
    return Page(items=items, next_cursor=next_cursor)


@router.post(
    "/payments/{payment_id}/refund",
    responses={202: {"model": RefundOut, "description": "The provider has not answered yet"}},
)
async def refund_payment(
    decision: RefundIn,
    database: Transactions,
    provider: PaymentProvider,
    staff: Annotated[Principal, Staff("identity.refund_payment")],
    payment_id: Annotated[Identifier, Path()],
    response: Response,
) -> RefundOut:
    """Pay a payment back, whole or in part. The subscription goes on unless `ends_subscription` says otherwise."""
    made = await refunding.refund(
        database,
        provider,
        staff,
        payment_id,
        amount=decision.amount,
        reason=decision.reason,
        ends_subscription=decision.ends_subscription,
    )
    if made.status == "pending":
        response.status_code = 202
    return RefundOut.model_validate(made)


@router.post("/payments/sandbox/{intent_id}/confirm")
async def confirm_sandbox_payment(
    decision: SandboxDecisionIn,
    user: CurrentUser,
    database: Transactions,
    provider: PaymentProvider,
    settings: Config,
    intent_id: Annotated[str, Path(min_length=1, max_length=100, examples=["pi_0199"])],
) -> PaymentOut:
    """For testers: be one's own bank, and agree to a payment that waits, or refuse it. The sandbox then tells the
    platform as a provider does, by a signed notice. With another provider there is no such endpoint."""
    if not isinstance(provider, Sandbox):
        raise PaymentNotFound
    async with database.transaction() as session:
        payment = await payments.find_by_provider(session, provider.name, intent_id, None)
    if payment is None or payment.user_id != user.user_id:
        raise PaymentNotFound
    notice = await provider.confirm(intent_id, agrees=decision.agrees)
    if notice is not None:
        body, headers = notice
        await notices.receive(database, provider, settings, body, headers)
    async with database.transaction() as session:
        settled = await payments.find(session, payment.id)
        refunds = await refunds_of(session, [settled.id])
    return PaymentOut.model_validate(told(settled, refunds.get(settled.id, ())))


@router.post("/payments/webhooks/{provider_name}")
async def receive_payment_notice(
    request: Request,
    database: Transactions,
    provider: PaymentProvider,
    settings: Config,
    provider_name: Annotated[Literal["sandbox", "stripe"], Path()],
) -> NoticeTaken:
    """Where the payment provider tells what happened. The body is its event, signed in the header `Stripe-Signature`
    (`Sandbox-Signature`); anything not signed by it in the last five minutes is a 400. An event that comes again, and
    one that is about nothing here, is a 200 and changes nothing."""
    if provider_name != provider.name:
        raise PaymentNotFound("Payments are not taken through this provider.")
    body = await request.body()
    if len(body) > NOTICE_BYTES:
        raise PayloadTooLarge("A notice is smaller than this.")
    await notices.receive(database, provider, settings, body, request.headers)
    return NoticeTaken()
