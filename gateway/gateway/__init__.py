"""The one door to Lyceum."""
