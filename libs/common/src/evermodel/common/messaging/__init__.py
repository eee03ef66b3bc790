"""Reading events, handling them and publishing what follows, exactly once.

Owns the loop and its guarantees. Must never know a model, a service or, outside
``kafka*.py`` and ``memory.py``, a broker.
"""
