"""Reviews: read by everyone, written by learners, moderated by the staff."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page
from chassis.schemas import Identifier
from chassis.web import (
    Calls,
    CurrentUser,
    IfMatch,
    OptionalUser,
    Reading,
    Router,
    Session,
    Staff,
    etag,
    require_match,
    told,
)
from fastapi import Path, Query, Response

from catalog.reviews import service
from catalog.reviews.schemas import (
    REVIEW,
    Moderation,
    ReviewForModerators,
    ReviewIn,
    ReviewListParams,
    ReviewOut,
    ReviewPatch,
)

router = Router(prefix="/api/v1", tags=["reviews"])
CourseId = Annotated[Identifier, Path()]
ReviewId = Annotated[Identifier, Path()]


def answer(view: service.View, response: Response) -> ReviewOut:
    response.headers["ETag"] = etag(view.review.state_version)
    return ReviewOut.of(view)


@router.get("/courses/{course_id}/reviews", response_model=Page[ReviewOut])
async def list_reviews(
    course_id: CourseId,
    session: Reading,
    calls: Calls,
    user: OptionalUser,
    params: Annotated[ReviewListParams, Query()],
) -> Response:
    """The course's approved reviews and the caller's own; moderators see every one."""
    reviews, next_cursor = await service.list_reviews(
        session,
        calls,
        user,
        course_id,
        params,
        sort=params.sort,
        rating=params.rating,
        verified=params.verified,
    )
    return told({"items": REVIEW.fill(reviews), "next_cursor": next_cursor})


@router.post("/courses/{course_id}/reviews", status_code=201)
async def write_review(
    course_id: CourseId,
    body: ReviewIn,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
) -> ReviewOut:
    """Review a course, once; 409 names the review there is. Marked as verified when the caller enrolled."""
    return answer(await service.write(session, calls, user, course_id, body.model_dump()), response)


@router.get("/reviews/{review_id}")
async def read_review(
    review_id: ReviewId, session: Session, calls: Calls, user: OptionalUser, response: Response
) -> ReviewOut:
    return answer(await service.find(session, calls, user, review_id), response)


@router.patch("/reviews/{review_id}")
async def edit_review(
    review_id: ReviewId,
    body: ReviewPatch,
    session: Session,
    user: CurrentUser,
    response: Response,
    if_match: IfMatch = None,
) -> ReviewOut:
    """Change one's own review."""
    view = await service.edit(
        session,
        user,
        review_id,
        body.model_dump(exclude_unset=True),
        lambda review: require_match(if_match, etag(review.state_version)),
    )
    return answer(view, response)


@router.delete("/reviews/{review_id}", status_code=204)
async def delete_review(review_id: ReviewId, session: Session, user: CurrentUser) -> None:
    """Delete one's own review; moderators delete any."""
    await service.remove(session, user, review_id)


@router.post("/reviews/{review_id}/helpful")
async def find_review_helpful(
    review_id: ReviewId, session: Session, calls: Calls, user: CurrentUser, response: Response
) -> ReviewOut:
    """Say that the review helped; once a person, repeated it changes nothing."""
    return answer(await service.find_helpful(session, calls, user, review_id), response)


@router.delete("/reviews/{review_id}/helpful", status_code=204)
async def take_helpful_back(review_id: ReviewId, session: Session, user: CurrentUser) -> None:
    await service.take_helpful_back(session, user, review_id)


@router.post("/reviews/{review_id}/moderate")
async def moderate_review(
    review_id: ReviewId,
    body: Moderation,
    session: Session,
    moderator: Annotated[Principal, Staff(service.MODERATE)],
    response: Response,
) -> ReviewForModerators:
    """Approve or hide a review, feature it, note why."""
    view = await service.moderate(session, moderator, review_id, body.model_dump(exclude_unset=True))
    response.headers["ETag"] = etag(view.review.state_version)
    return ReviewForModerators.of(view)
