"""What the deployer decides, as pure functions of state, happening and event time."""
