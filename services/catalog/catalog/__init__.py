"""Lyceum's catalog service."""
