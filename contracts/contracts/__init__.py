"""The events Lyceum's services tell each other."""
