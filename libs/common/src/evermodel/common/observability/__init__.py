"""Logs, metrics, traces and health: what a service shows of itself."""
