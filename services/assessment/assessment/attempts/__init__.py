"""Attempts: a learner sits an assessment, and what was answered."""
