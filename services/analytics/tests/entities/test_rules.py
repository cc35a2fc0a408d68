"""What an entity is does not depend on the order in which its facts came: tried for any facts, any order."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from analytics.entities.rules import (
    Attempt,
    Certificate,
    Enrollment,
    Purchase,
    blank_writing,
    learn_attempt,
    learn_certificate,
    learn_enrollment,
    learn_purchase,
    learn_writing,
)
from contracts.assessment import AttemptGraded, GradedQuestion
from contracts.catalog import ReviewChanged, ReviewRemoved
from contracts.learning import (
    CertificateIssued,
    CertificateRevoked,
    CourseCompleted,
    EnrollmentCreated,
    EnrollmentDropped,
    EnrollmentProgressChanged,
    EnrollmentRefunded,
)
from hypothesis import given
from hypothesis import strategies as st

START = datetime(2026, 11, 1, tzinfo=UTC)
instants = st.integers(0, 500).map(lambda hours: START + timedelta(hours=hours))
# Few values, so that versions are told twice and with different contents: order must not matter even then.
versions = st.integers(1, 5)
people = st.sampled_from([7, 90_412])
amounts = st.sampled_from([Decimal("0.00"), Decimal("19.99"), Decimal("49.00")])
HERE = {"enrollment_id": 42, "course_id": 12}

enrollment_events = st.one_of(
    st.builds(
        EnrollmentCreated,
        **{k: st.just(v) for k, v in HERE.items()},
        user_id=people,
        price_paid=amounts,
        currency=st.just("EUR"),
        payment_id=st.sampled_from([None, "pay_1"]),
        enrolled_at=instants,
        reactivated=st.booleans(),
        version=versions,
    ),
    st.builds(
        EnrollmentDropped,
        **{k: st.just(v) for k, v in HERE.items()},
        user_id=people,
        refunded=st.booleans(),
        dropped_at=instants,
        version=versions,
    ),
    st.builds(
        CourseCompleted,
        **{k: st.just(v) for k, v in HERE.items()},
        user_id=people,
        enrolled_at=instants,
        completed_at=instants,
        version=versions,
    ),
    st.builds(
        EnrollmentProgressChanged,
        **{k: st.just(v) for k, v in HERE.items()},
        user_id=people,
        status=st.sampled_from(["active", "completed", "dropped"]),
        progress_percentage=st.sampled_from([Decimal("0.00"), Decimal("33.33"), Decimal("100.00")]),
        lessons_completed=st.just(1),
        total_lessons=st.just(3),
        enrolled_at=instants,
        completed_date=st.one_of(st.none(), instants),
        version=versions,
    ),
)


def learned(blank, learn, events):
    state = deepcopy(blank)
    for event in events:
        learn(state, event)
    return state


@given(st.lists(enrollment_events, max_size=8), st.randoms())
def test_an_enrollment_is_the_same_in_any_order(events, random):
    blank = Enrollment(42, 90_412, 12)
    in_order = learned(blank, learn_enrollment, events)
    random.shuffle(events)
    assert learned(blank, learn_enrollment, events) == in_order


@given(st.lists(enrollment_events, max_size=8))
def test_an_enrollment_learns_nothing_from_facts_it_knows(events):
    blank = Enrollment(42, 90_412, 12)
    once = learned(blank, learn_enrollment, events)
    assert learned(once, learn_enrollment, events) == once


def test_the_status_of_the_greatest_version_counts():
    created = EnrollmentCreated(
        **HERE,
        user_id=7,
        price_paid=Decimal("0.00"),
        currency="EUR",
        payment_id=None,
        enrolled_at=START,
        reactivated=False,
        version=1,
    )
    dropped = EnrollmentDropped(**HERE, user_id=7, refunded=False, dropped_at=START, version=2)
    back = created.model_copy(
        update={"reactivated": True, "version": 3, "enrolled_at": START + timedelta(days=1)}
    )
    one = learned(Enrollment(42, 7, 12), learn_enrollment, [dropped, created])
    assert (one.status, one.counts) == ("dropped", False)
    one = learned(Enrollment(42, 7, 12), learn_enrollment, [back, dropped, created])
    assert (one.status, one.enrolled_at) == ("active", START + timedelta(days=1))


graded = st.builds(
    AttemptGraded,
    attempt_id=st.just(500),
    assessment_id=st.just(21),
    user_id=people,
    course_id=st.just(12),
    lesson_id=st.just(102),
    revision=st.integers(1, 3),
    score=st.integers(0, 9),
    max_score=st.sampled_from([0, 9]),
    passed=st.booleans(),
    questions=st.lists(
        st.builds(GradedQuestion, id=st.integers(900, 902), answered=st.booleans(), correct=st.booleans()),
        max_size=3,
        unique_by=lambda question: question.id,
    ).map(tuple),
    graded_at=instants,
)


@given(st.lists(graded, min_size=1, max_size=6), st.randoms())
def test_the_highest_revision_of_an_attempt_counts_in_any_order(events, random):
    blank = Attempt(500, 90_412, 12, 21)
    in_order = learned(blank, learn_attempt, events)
    assert in_order.revision == max(event.revision for event in events)
    random.shuffle(events)
    assert learned(blank, learn_attempt, events) == in_order


def test_an_attempt_without_points_has_no_percentage():
    one = Attempt(500, 7, 12, 21, revision=1, score=0, max_score=0)
    assert one.is_graded
    assert one.percent is None
    assert Attempt(500, 7, 12, 21, revision=1, score=1, max_score=3).percent == Decimal("33.333333333333")
    assert Attempt(500, 7, 12, 21, score=1, max_score=3).percent is None


reviews = st.one_of(
    st.builds(
        ReviewChanged,
        review_id=st.just(81),
        course_id=st.just(12),
        user_id=people,
        rating=st.integers(1, 5),
        is_approved=st.booleans(),
        is_featured=st.booleans(),
        verified_purchase=st.booleans(),
        created_at=instants,
        version=versions,
    ),
    st.builds(
        ReviewRemoved,
        review_id=st.just(81),
        course_id=st.just(12),
        user_id=people,
        removed_at=instants,
        version=versions,
    ),
)


@given(st.lists(reviews, min_size=1, max_size=6), st.randoms())
def test_a_review_is_the_same_in_any_order_and_removed_for_good(events, random):
    blank = blank_writing(events[0])
    blank.user_id = 90_412
    in_order = learned(blank, learn_writing, events)
    assert in_order.removed == any(isinstance(event, ReviewRemoved) for event in events)
    random.shuffle(events)
    assert learned(blank, learn_writing, events) == in_order


def refund(amount):
    return EnrollmentRefunded(
        **HERE,
        user_id=7,
        payment_id="pay_1",
        amount=Decimal(amount),
        currency="EUR",
        purchased_at=START,
        refunded_at=START,
        version=3,
    )


def test_a_refund_waits_for_its_purchase_and_never_goes_below_nothing():
    purchase = EnrollmentCreated(
        **HERE,
        user_id=7,
        price_paid=Decimal("49.00"),
        currency="EUR",
        payment_id="pay_1",
        enrolled_at=START,
        reactivated=False,
        version=1,
    )
    one = learned(Purchase("pay_1", 12), learn_purchase, [refund("49.00")])
    assert (one.net, one.purchased_at) == (0, None)
    learn_purchase(one, purchase)
    assert (one.net, one.refunds) == (0, 1)
    partly = learned(Purchase("pay_1", 12), learn_purchase, [purchase, refund("9.00")])
    assert partly.net == Decimal("40.00")
    too_much = learned(Purchase("pay_1", 12), learn_purchase, [refund("30.00"), purchase, refund("30.00")])
    assert too_much.net == 0


purchases = st.one_of(
    st.builds(
        EnrollmentCreated,
        **{k: st.just(v) for k, v in HERE.items()},
        user_id=people,
        price_paid=amounts,
        currency=st.just("EUR"),
        payment_id=st.just("pay_1"),
        enrolled_at=st.just(START),
        reactivated=st.booleans(),
        version=versions,
    ),
    amounts.map(refund),
)


@given(st.lists(purchases, max_size=6), st.randoms())
def test_a_purchase_is_the_same_in_any_order(events, random):
    in_order = learned(Purchase("pay_1", 12), learn_purchase, events)
    random.shuffle(events)
    assert learned(Purchase("pay_1", 12), learn_purchase, events) == in_order
    assert in_order.net >= 0


def test_coming_back_on_an_old_payment_is_no_new_price():
    bought, back = (
        EnrollmentCreated(
            **HERE,
            user_id=7,
            price_paid=Decimal(price),
            currency="EUR",
            payment_id="pay_1",
            enrolled_at=START + timedelta(days=version),
            reactivated=version > 1,
            version=version,
        )
        for price, version in (("49.00", 1), ("0.00", 5))
    )
    for events in ([bought, back], [back, bought]):
        one = learned(Purchase("pay_1", 12), learn_purchase, events)
        assert (one.net, one.purchased_at) == (Decimal("49.00"), bought.enrolled_at)


def test_a_revoked_certificate_counts_in_no_order():
    named = {"certificate_id": 9, "certificate_number": "LYC-9", **HERE, "user_id": 7}
    issued, revoked = (
        CertificateIssued(**named, issued_at=START),
        CertificateRevoked(**named, revoked_at=START),
    )
    assert learned(Certificate(9), learn_certificate, [issued]).counts
    assert not learned(Certificate(9), learn_certificate, [issued, revoked]).counts
    assert not learned(Certificate(9), learn_certificate, [revoked, issued]).counts
    assert not learned(Certificate(9), learn_certificate, [revoked]).counts
