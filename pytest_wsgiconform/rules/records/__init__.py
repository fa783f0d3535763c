"""What is judged: the records of exchanges and of whole runs, as plain data."""
