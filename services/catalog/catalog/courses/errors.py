"""What can be wrong with a course, or with who asks for it."""

from chassis.errors import Conflict, Forbidden, Invalid, NotFound


class CourseNotFound(NotFound):
    slug = "course-not-found"
    title = "There is no such course"


class NotYourCourse(Forbidden):
    slug = "not-your-course"
    title = "Only those who teach the course may do this"


class NoRightToEdit(Forbidden):
    slug = "no-right-to-edit"
    title = "You teach this course, without the right to edit it"


class InstructorNotApproved(Forbidden):
    slug = "instructor-not-approved"
    title = "Only approved instructors may author courses"


class OnlyAdminsFeature(Forbidden):
    slug = "only-admins-feature"
    title = "Only admins decide which courses are featured"


class OnlyTheLeadDeletes(Forbidden):
    slug = "only-the-lead-deletes"
    title = "A course is deleted by the one who leads it"


class DiscountNotBelowPrice(Invalid):
    slug = "discount-not-below-price"
    title = "The discount price must be below the price"


class DiscountMissing(Invalid):
    slug = "discount-missing"
    title = "There is no discount that could end"


class CourseIncomplete(Invalid):
    """`missing` lists what is: [{"field", "msg"}]."""

    slug = "course-incomplete"
    title = "The course is not ready to be published"


class CourseHasStudents(Conflict):
    slug = "course-has-students"
    title = "Somebody enrolled in this course: it can be unpublished, not deleted"


class ChangedMeanwhile(Conflict):
    slug = "course-changed-meanwhile"
    title = "Somebody changed the course while it was being deleted: look again"


class EditedInDraft(Conflict):
    """`draft_id` names the draft version; what is versioned is edited, published and restored there meanwhile."""

    slug = "edited-in-draft"
    title = "The course is being edited in a draft version: edit, publish or discard that"


class VersionArchived(Conflict):
    """`course_id` names the course whose version it is."""

    slug = "version-archived"
    title = "An older version of a course stays as it was: restore it, or edit the course"


class NotVersioned(Conflict):
    """`fields` names what belongs to the course itself, `course_id` the course."""

    slug = "not-versioned"
    title = "This belongs to the course itself and is the same in all its versions: change it there"


class IsAVersion(Conflict):
    """`course_id` names the course whose version it is."""

    slug = "is-a-version"
    title = "This is a version of a course: ask for it of the course itself"
