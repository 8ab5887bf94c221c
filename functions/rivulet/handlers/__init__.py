"""What each function does with a call and with an event."""
