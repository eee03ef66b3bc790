"""The systems that keep the deployer's promises: git, YAML, the embedded engine."""
