"""Sensors without a cable: EmotiBit over the network, others over Bluetooth Low Energy."""
