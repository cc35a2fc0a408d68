"""Stripe, by its own library over real HTTP, against a server that behaves as its documentation says."""
