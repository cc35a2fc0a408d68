"""One's own profile over HTTP."""

from chassis.web import CurrentUser, IfMatch, Router, Session, require_match
from fastapi import Response

from identity.profiles import service
from identity.profiles.models import Profile
from identity.profiles.schemas import ProfileOut, ProfilePatch
from identity.representations import tag_of

router = Router(prefix="/api/v1/users/me/profile", tags=["profiles"])


@router.get("")
async def read_my_profile(session: Session, user: CurrentUser, response: Response) -> ProfileOut:
    """My profile."""
    profile = ProfileOut.model_validate(await service.read(session, user.user_id))
    response.headers["ETag"] = tag_of(profile)
    return profile


@router.patch("")
async def edit_my_profile(
    changes: ProfilePatch, session: Session, user: CurrentUser, response: Response, if_match: IfMatch = None
) -> ProfileOut:
    """Change what is given, leave the rest."""

    def unchanged(row: Profile) -> None:
        require_match(if_match, tag_of(ProfileOut.model_validate(row)))

    edited = await service.edit(session, user.user_id, changes.model_dump(exclude_unset=True), unchanged)
    profile = ProfileOut.model_validate(edited)
    response.headers["ETag"] = tag_of(profile)
    return profile
