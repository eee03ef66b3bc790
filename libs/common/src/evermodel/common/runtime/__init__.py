"""Running a service as a process: signals, start and stop order, exit codes."""
