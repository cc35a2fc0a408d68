"""Why a preview's link leads nowhere."""

from chassis.errors import NotFound


class PreviewNotFound(NotFound):
    """One answer for a link that never was, ran out, was replaced or taken back."""

    slug = "preview-not-found"
    title = "This preview is not there any more"
