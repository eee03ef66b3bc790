"""The public language: payloads, envelope, catalogue and codec.

Owns every schema that crosses a topic. Must never import a service, a broker or anything
that decides.
"""
