"""What is sent to servers: scripts of raw bytes, one per connection."""
