import unittest

from intervals import merged


class Intervals(unittest.TestCase):
    def test_those_that_touch_are_one(self) -> None:
        self.assertEqual(merged([(1, 3), (3, 5), (8, 9)]), [(1, 5), (8, 9)])
