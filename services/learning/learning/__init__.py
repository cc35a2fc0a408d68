"""Lyceum's learning service."""
