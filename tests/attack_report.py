# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin that prints how many attacks of each kind were made and survived."""

from collections import Counter


def pytest_terminal_summary(terminalreporter) -> None:
    """Adds the list to the end of the output; the properties come from all xdist processes."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get('passed', []):
        for name, value in report.user_properties:
            if name == 'attack' and report.when == 'call':
                kind, number = value
                counts[kind] += number
    if counts:
        terminalreporter.section(f'{sum(counts.values())} attacks, each refused')
        for kind, number in sorted(counts.items()):
            terminalreporter.write_line(f'{number:4d}  {kind}')
