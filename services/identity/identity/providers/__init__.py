"""Providers: the configured OAuth 2 and OpenID Connect providers, and the sites on which they are offered."""
