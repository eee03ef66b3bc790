"""The `evermodel` command."""
