"""Write the pages of the docs' site into `build/site/pages`, from which Zensical makes the site.

    python docs/site && zensical build --strict

The pages are plain Markdown, so that another generator can build them. Exit code 1: something is wrong with them.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from docs.site.checks import faults
from docs.site.llms import llms_txt
from docs.site.pages import write_pages

ROOT = Path(__file__).parents[2]

if __name__ == "__main__":
    folder = ROOT / "build" / "site" / "pages"
    written = write_pages(ROOT, folder)
    (folder / "llms.txt").write_text(llms_txt(ROOT / "mkdocs.yml", folder), encoding="utf-8")
    sys.stdout.write(f"{len(written)} pages\n")
    sys.exit("\n".join(faults(folder, (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))) or 0)
