"""The model description: what `model.toml` says about a stream, its features and the policy."""
