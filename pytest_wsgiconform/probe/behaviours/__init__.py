"""What the probe does when a stimulus asks for it; each file registers its behaviours when it is imported."""
