"""Courses: what is offered, at which price, in which version."""
