"""Audit: who of the staff changed what, on record for good."""
