"""Lyceum's instructor service."""
