#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""compile_commands.json for editors. Usage: compile_commands.py 'COMPILER FLAGS' FILE..."""
import json
import os
import sys

json.dump([{"directory": os.getcwd(), "command": f"{sys.argv[1]} -c {f}", "file": f} for f in sys.argv[2:]],
          sys.stdout, indent=1)
