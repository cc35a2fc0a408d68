"""What can be wrong with a review, or with who asks for it."""

from chassis.errors import Conflict, Forbidden, NotFound


class ReviewNotFound(NotFound):
    slug = "review-not-found"
    title = "There is no such review"


class AlreadyReviewed(Conflict):
    """`review_id` is the caller's review, which they can edit."""

    slug = "already-reviewed"
    title = "You have reviewed this course"


class OwnCourse(Forbidden):
    slug = "own-course"
    title = "Nobody reviews a course they teach"


class NotYourReview(Forbidden):
    slug = "not-your-review"
    title = "A review is changed by who wrote it"


class OwnReview(Forbidden):
    slug = "own-review"
    title = "Nobody finds their own review helpful"
