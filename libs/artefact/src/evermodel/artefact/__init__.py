"""A trained model as a thing: its manifest, its digest, and how it is served.

Owns the form of the bundle. Must never train, register or decide; TensorFlow is imported
only inside functions, so that a process which merely reads manifests never pays for it.
"""
