"""Accounts: who may sign in, with which role, and whether they are locked out."""
