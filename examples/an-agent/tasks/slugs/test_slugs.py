import unittest

from slugs import slug


class Slugs(unittest.TestCase):
    def test_one_hyphen_between_words(self) -> None:
        self.assertEqual(slug("Joules, and - money!"), "joules-and-money")
