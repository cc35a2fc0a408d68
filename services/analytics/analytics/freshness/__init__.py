"""Freshness: how new the newest fact in the statistics is, and how long it took to get there."""
