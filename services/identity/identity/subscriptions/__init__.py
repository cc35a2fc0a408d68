"""Subscriptions: the tier an account pays for."""
