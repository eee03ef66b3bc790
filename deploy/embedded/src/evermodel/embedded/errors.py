"""What can keep the embedded stack from starting, each said in one sentence with a remedy."""


class NotAvailable(Exception):
    """Something the stack needs cannot be had or does not answer; the message says what to do."""


class NotOurs(Exception):
    """A folder or a system that is somebody's own was about to be overwritten."""


class Occupied(Exception):
    """Another process holds the folder or the port; the message says which."""
