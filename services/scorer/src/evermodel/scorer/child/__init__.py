"""What runs in the scoring process: it loads models, answers for them, and knows nothing else.

Owns TensorFlow, through ``evermodel.artefact``. Must never know a broker, a store, a password or
the service that started it: paths, digests and columns come in, scores go out.
"""
