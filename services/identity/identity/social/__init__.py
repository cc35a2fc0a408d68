"""Social login: providers, linked accounts and what a login needs on its way."""
