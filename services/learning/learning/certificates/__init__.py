"""Certificates: the proof of a completed course."""
