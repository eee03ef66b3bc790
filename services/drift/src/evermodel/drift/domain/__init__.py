"""Pure decisions: what a window counts, when it closes, whether the world moved."""
