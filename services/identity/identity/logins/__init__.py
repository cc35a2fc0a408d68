"""Logins: every attempt to sign in, and the lockout that follows from them."""
