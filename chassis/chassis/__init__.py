"""What every Lyceum service stands on. It knows no domain noun."""
