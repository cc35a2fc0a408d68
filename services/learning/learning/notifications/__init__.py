"""Notifications: what a learner is told."""
