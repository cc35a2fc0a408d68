"""Notifications: what an instructor is told."""
