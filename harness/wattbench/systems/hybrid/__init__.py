"""Systems made of others, with a router in front of them."""
