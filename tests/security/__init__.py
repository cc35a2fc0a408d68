"""What strangers may send, and that nothing but a refusal comes of it. Through the gateway, on the shared platform."""
