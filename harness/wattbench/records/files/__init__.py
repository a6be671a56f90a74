"""Write and read files so that nothing partial looks whole, and nothing hostile is believed."""
