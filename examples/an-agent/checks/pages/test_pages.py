import unittest

from pages import page, pages


class Pages(unittest.TestCase):
    def test_the_first_page(self) -> None:
        self.assertEqual(page(["a", "b", "c"], 1, 2), ["a", "b"])
        self.assertEqual(page(["a", "b", "c"], 2, 2), ["c"])

    def test_how_many(self) -> None:
        self.assertEqual([pages(["a"] * items, 2) for items in range(5)], [0, 1, 1, 2, 2])
