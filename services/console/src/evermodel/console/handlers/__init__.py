"""From records to views, and from views to the answers people read."""
