"""Instructor standing: what the instructor service said last of who may teach; the role follows it."""
