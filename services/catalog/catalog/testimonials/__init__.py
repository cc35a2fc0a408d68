"""Testimonials: what people say about the platform."""
