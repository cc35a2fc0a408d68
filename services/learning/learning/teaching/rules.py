"""Who may see a course's students."""


def may_see_students(
    *, is_creator: bool, is_lead: bool, is_active: bool, can_manage_students: bool, status: str | None
) -> bool:
    """The lead, and those of the course's active instructors who may manage students; not while their
    instructor profile is anything but active. `status` None: they have no profile (an admin who authors)."""
    if status not in (None, "active"):
        return False
    return is_creator or (is_active and (is_lead or can_manage_students))
