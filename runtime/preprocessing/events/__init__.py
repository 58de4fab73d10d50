"""What happens in a signal: motion and other artefacts, and skin conductance responses."""
