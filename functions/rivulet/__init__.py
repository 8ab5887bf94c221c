"""Rivulet's library: what the deployed functions share."""
