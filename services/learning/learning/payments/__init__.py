"""Purchases, and the provider that takes the money."""
