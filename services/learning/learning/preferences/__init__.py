"""Preferences: reminders, theme, language and accessibility."""
