import unittest

from pages import page, pages


class Pages(unittest.TestCase):
    def test_the_first_page(self) -> None:
        self.assertEqual(page(["a", "b", "c"], 1, 2), ["a", "b"])

    def test_a_full_page_is_the_last(self) -> None:
        self.assertEqual(pages(["a", "b"], 2), 1)
