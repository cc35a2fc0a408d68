"""How often courses are looked at, as the gateway counts it."""
