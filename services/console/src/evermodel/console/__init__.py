"""Projects the lifecycle topics into what people ask about."""
