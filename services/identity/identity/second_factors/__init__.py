"""Second factors: the codes of an authenticator app, recovery codes, and the challenge between the two factors."""
