"""What is found in a recording: grid, artefacts, parts, responses, features."""
