import unittest

from durations import seconds


class Durations(unittest.TestCase):
    def test_all_parts_count(self) -> None:
        self.assertEqual(seconds("1h30m"), 5400)
