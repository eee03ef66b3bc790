"""One method per event: what a training waits for, and what its end means."""
