"""Write a comparison, with the decision it leads to."""
