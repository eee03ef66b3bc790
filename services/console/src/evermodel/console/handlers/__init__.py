"""What the console makes of each event. Knows no broker and no web server."""
