"""Why there is no export just now."""

from chassis.errors import Unavailable


class ExportIncomplete(Unavailable):
    """A service did not tell all that it holds: better no export than one that says less than there is."""

    slug = "export-incomplete"
    title = "Not every service could tell what it holds on you"


class ExportTooLarge(Unavailable):
    slug = "export-too-large"
    title = "What is held on you is larger than one export may be"


class ExportsBusy(Unavailable):
    slug = "exports-busy"
    title = "Others are having theirs made just now"
