"""Profiles: the person behind an account."""
