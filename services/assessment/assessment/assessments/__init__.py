"""Assessments: the test of a lesson, and its rules."""
