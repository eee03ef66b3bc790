"""``report.html``: one self-contained page about one model's run.

Owns how a run looks. Every text that comes from data is escaped; nothing is fetched from
anywhere. Must never compute a verdict: it shows those that were made.
"""
