"""What can be wrong with a testimonial."""

from chassis.errors import NotFound


class TestimonialNotFound(NotFound):
    slug = "testimonial-not-found"
    title = "There is no such testimonial"
