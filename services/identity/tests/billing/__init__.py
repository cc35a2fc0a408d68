"""Subscriptions and what is paid for them."""
