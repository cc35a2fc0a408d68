"""Instructor profiles: who teaches, since when, in which standing."""
