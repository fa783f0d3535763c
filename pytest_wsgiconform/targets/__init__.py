"""What is under test: loading an app, wrapping a middleware, launching and stopping a server."""
