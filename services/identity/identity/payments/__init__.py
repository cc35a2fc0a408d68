"""Payments: what people pay, and the providers that take the money."""
