"""The view in a browser, and the WebSocket stream that feeds it."""
