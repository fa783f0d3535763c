"""What a middleware is put through: requests from our server, and the inner apps below it."""
