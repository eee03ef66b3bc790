"""Every service's handlers in one process over the in-memory broker, in event time."""
