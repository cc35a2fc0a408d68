"""Exports: everything that every service holds on a person, as a zip for them."""
