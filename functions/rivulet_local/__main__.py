"""``python -m rivulet_local``."""

from __future__ import annotations

import sys

from rivulet_local.commands import main

sys.exit(main())
