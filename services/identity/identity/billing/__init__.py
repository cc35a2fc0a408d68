"""Billing: the tier an account subscribes to."""
