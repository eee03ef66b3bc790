"""A verb per event, a module per role."""
