"""Passkeys: key pairs of people's devices (WebAuthn), which log in by themselves or answer for a second factor."""
