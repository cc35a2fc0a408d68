"""What can be wrong with a note somebody asks for."""

from chassis.errors import NotFound


class NoteNotFound(NotFound):
    slug = "note-not-found"
    title = "There is no such note for you"
