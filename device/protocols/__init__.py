"""Wire protocols as pure codecs: bytes in, readings out, no input or output of their own."""
