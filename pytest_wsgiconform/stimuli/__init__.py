"""What the harness does on purpose: the requests it sends and how its own side behaves."""
