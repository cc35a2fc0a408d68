"""One-time tokens: what is mailed to verify an address or reset a password."""
