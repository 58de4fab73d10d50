"""The one way from samples to network input: contract, resampling, windows, signal quality."""
