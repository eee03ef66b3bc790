"""The model bundle: its manifest, its digest, and scoring with it.

Owns the form of a model at rest. TensorFlow is imported when a bundle is loaded, never before.
"""
