"""A verb per event: scoring batches of payments, taking rollout steps over."""
