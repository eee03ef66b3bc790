"""How a window of rows is described by counters, and compared with a model's reference.

Owns the counters, the reference (edges, levels, calibration history) and the first four steps
of the drift rule. Knows NumPy and nothing else: no events, no files beyond its own reference,
no clock. The windower counts with it, the detector judges with it, the trainer builds with it.
"""
