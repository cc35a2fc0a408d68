"""What can be wrong with a certificate somebody asks for."""

from chassis.errors import NotFound


class CertificateNotFound(NotFound):
    slug = "certificate-not-found"
    title = "There is no such certificate"
