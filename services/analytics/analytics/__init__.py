"""Lyceum's analytics service."""
