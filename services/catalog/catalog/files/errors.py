"""What can be in the way of keeping a file."""

from chassis.errors import Unavailable


class UploadTookTooLong(Unavailable):
    """The file was stored so late that it was taken back meanwhile."""

    slug = "upload-took-too-long"
    title = "Storing the file took too long"
