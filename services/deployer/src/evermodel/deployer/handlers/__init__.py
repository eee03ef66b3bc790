"""From events to the domain and back, and the effects in between. Knows no broker."""
