"""What is sent to apps, and how our side of the boundary behaves then."""
