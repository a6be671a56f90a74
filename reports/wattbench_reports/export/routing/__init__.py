"""Write a routing study."""
