import unittest

from slugs import slug


class Slugs(unittest.TestCase):
    def test_one_hyphen_between_words(self) -> None:
        self.assertEqual(slug("Joules, and - money!"), "joules-and-money")
        self.assertEqual(slug("a  ...  b"), "a-b")

    def test_none_at_the_ends(self) -> None:
        self.assertEqual(slug("(2nd edition)"), "2nd-edition")
        self.assertEqual(slug("?"), "")
