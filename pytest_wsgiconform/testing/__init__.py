"""What the fixtures hand out, usable without pytest: a client, an in-process and a live server."""
