"""The person who is measured: their profile, what they say, and what is learnt of it."""
