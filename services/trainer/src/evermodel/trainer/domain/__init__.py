"""Pure decisions: when a training begins, and which rows it may learn from."""
