"""What can be in the way of a profile picture."""

from chassis.errors import Unavailable


class UploadTookTooLong(Unavailable):
    """The file was stored so late that it was taken back meanwhile."""

    slug = "picture-upload-took-too-long"
    title = "Storing the picture took too long"
