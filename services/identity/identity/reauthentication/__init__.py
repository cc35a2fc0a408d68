"""Reauthentication: who is logged in shows again that it is them, before what an intruder would do first."""
