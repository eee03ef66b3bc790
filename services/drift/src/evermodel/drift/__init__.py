"""Windows the stream, says when it has drifted, and joins scores with labels."""
