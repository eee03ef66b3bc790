"""What runs in the report's own process: it samples, draws, files, and ends.

Owns Evidently. Must never know a broker or decide anything: an order goes in, an answer comes out.
"""
