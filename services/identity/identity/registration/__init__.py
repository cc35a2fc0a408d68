"""Registration: how an account comes to be, and how its address is confirmed."""
