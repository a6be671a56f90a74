"""Decides which system to run: requirements, net benefit, and what each further correct answer costs."""
