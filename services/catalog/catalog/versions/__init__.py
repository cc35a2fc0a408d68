"""Versions of a course: a draft beside what is published, a history, and the way back."""
