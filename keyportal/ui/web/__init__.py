"""ASGI layers around the pages: the websocket gate, headers, one address, quiet logs."""
