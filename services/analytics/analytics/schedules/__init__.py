"""Schedules: the platform's clock."""
