"""The demo: a seeded stream of payments and the story it plays."""
