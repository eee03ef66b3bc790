"""Why a training makes nothing, in words for whoever reads the event."""


class Refused(Exception):
    """There is nothing to learn, or what was learned must not be used."""
