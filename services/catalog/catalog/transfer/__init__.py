"""Whole courses as archives: one that is written, and those that are taken."""
