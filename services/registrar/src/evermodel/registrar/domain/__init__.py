"""What the registrar decides: gates, verdict, registry changes. Pure: numbers in, answers out."""
