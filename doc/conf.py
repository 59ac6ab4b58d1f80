# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""sphinx-build -W -b html doc OUT. The pages use nothing else than ns-3's manual has."""

import os

with open(os.path.join(os.path.dirname(__file__), "..", "VERSION"), encoding="ascii") as file:
    release = version = file.read().strip()

project = "mdi"
author = "the mdi developers"
html_title = "mdi %s: model-distributed inference in ns-3" % version
html_theme = "alabaster"
html_show_copyright = False
highlight_language = "none"
