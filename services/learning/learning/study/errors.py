"""Why a lesson cannot be completed."""

from chassis.errors import Conflict


class AssessmentNotPassed(Conflict):
    slug = "assessment-not-passed"
    title = "The lesson's assessment has to be passed first"
