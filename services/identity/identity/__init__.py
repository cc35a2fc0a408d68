"""Lyceum's identity service."""
