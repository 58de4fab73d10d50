"""Serial ports: which port is meant, bytes to and from it, and which sensor answers there."""
