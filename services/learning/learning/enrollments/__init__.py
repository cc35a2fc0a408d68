"""Enrollments: who takes which course, and how that stands."""
