"""Dashboards: what an instructor sees first."""
