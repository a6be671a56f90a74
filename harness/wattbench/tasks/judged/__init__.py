"""Write the prompt of a judge, read its verdict, and identify how it judges."""
