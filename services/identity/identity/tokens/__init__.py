"""Tokens: the refresh tokens issued and ended, and the keys that sign."""
