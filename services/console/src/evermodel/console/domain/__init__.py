"""The picture that the console keeps: facts in, views out. Pure."""
