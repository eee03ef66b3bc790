"""The lake: where rows and labels lie, what their columns are called, and how they are joined.

Owns the meaning of "as known at T", for everyone who learns or judges. Must never decide what
is written or when (the windower does) or what is made of the rows.
"""
