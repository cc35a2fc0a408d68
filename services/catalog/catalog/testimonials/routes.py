"""Testimonials: read by everyone, kept by the staff."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page
from chassis.schemas import Identifier
from chassis.web import IfMatch, Reading, Router, Session, Staff, etag, require_match, told
from fastapi import Path, Query, Response

from catalog.testimonials import service
from catalog.testimonials.models import Testimonial
from catalog.testimonials.schemas import (
    TESTIMONIAL,
    TestimonialIn,
    TestimonialListParams,
    TestimonialOut,
    TestimonialPatch,
)

router = Router(prefix="/api/v1/testimonials", tags=["testimonials"])
TestimonialId = Annotated[Identifier, Path()]
Keeper = Annotated[Principal, Staff("catalog.change_testimonial")]


def answer(testimonial: Testimonial, response: Response) -> TestimonialOut:
    response.headers["ETag"] = etag(testimonial.state_version)
    return TestimonialOut.model_validate(testimonial)


@router.get("", response_model=Page[TestimonialOut])
async def list_testimonials(session: Reading, params: Annotated[TestimonialListParams, Query()]) -> Response:
    """What people say about the platform, the featured ones first."""
    rows, next_cursor = await service.list_testimonials(session, params, params.featured)
    return told({"items": TESTIMONIAL.fill(rows), "next_cursor": next_cursor})


@router.post("", status_code=201)
async def add_testimonial(
    body: TestimonialIn, session: Session, _keeper: Keeper, response: Response
) -> TestimonialOut:
    return answer(await service.add(session, body.model_dump()), response)


@router.get("/{testimonial_id}")
async def read_testimonial(
    testimonial_id: TestimonialId, session: Session, response: Response
) -> TestimonialOut:
    return answer(await service.find(session, testimonial_id), response)


@router.patch("/{testimonial_id}")
async def edit_testimonial(
    testimonial_id: TestimonialId,
    body: TestimonialPatch,
    session: Session,
    _keeper: Keeper,
    response: Response,
    if_match: IfMatch = None,
) -> TestimonialOut:
    changed = await service.edit(
        session,
        testimonial_id,
        body.model_dump(exclude_unset=True),
        lambda found: require_match(if_match, etag(found.state_version)),
    )
    return answer(changed, response)


@router.delete("/{testimonial_id}", status_code=204)
async def delete_testimonial(testimonial_id: TestimonialId, session: Session, _keeper: Keeper) -> None:
    await service.remove(session, testimonial_id)
