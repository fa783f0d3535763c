"""Where findings go: the terminal and the report files."""
