"""Lyceum's assessment service."""
