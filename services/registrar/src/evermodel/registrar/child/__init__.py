"""What runs in an evaluation's own process: it scores the hold-out, counts, and ends.

Owns TensorFlow, through ``evermodel.artefact``. Must never know a broker, a registry or the
service that started it: a plan goes in, evidence comes out.
"""
