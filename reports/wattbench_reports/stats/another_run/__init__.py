"""What another run would show, on this machine or on another."""
