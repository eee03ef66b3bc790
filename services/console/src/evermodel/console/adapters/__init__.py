"""Faust: the topics in, the JSON pages out."""
