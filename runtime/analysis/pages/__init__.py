"""What is drawn of a recording: its page and its figure."""
