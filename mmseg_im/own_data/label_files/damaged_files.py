# SPDX-License-Identifier: Apache-2.0
"""Finds JSON and XML files that no parser reads: of what kind they were, nobody can tell."""

import json
import os
from pathlib import Path
from xml.parsers import expat

LARGEST = 2**26  # bytes; larger files of annotations show their kind at an end


def damage(path: Path) -> str | None:
    """Returns what is wrong with a file and where; None if it can be parsed, or was not tried.

    Args:
        path (Path): JSON or XML of at most :data:`LARGEST` bytes; others are not tried. Nesting has
            a limit, and what an XML file defines is not followed.
    """
    suffix = path.suffix.lower()
    try:
        if os.path.getsize(path) > LARGEST:
            return None
        if suffix == '.json':
            json.loads(path.read_text(encoding='utf-8'))
        elif suffix == '.xml':
            expat.ParserCreate().Parse(path.read_bytes(), True)
    except json.JSONDecodeError as error:
        return f'line {error.lineno}, column {error.colno}: {error.msg}'
    except expat.ExpatError as error:
        return f'line {error.lineno}, column {error.offset}: {expat.ErrorString(error.code)}'
    except UnicodeDecodeError as error:
        return f'byte {error.start} is no UTF-8'
    except (RecursionError, MemoryError):
        return 'it is nested too deeply'
    except OSError:
        return None
    return None
