"""Counts the tests in a JSON report of lit and prints "N passed, N failed".

Fails when a test failed, when none passed, and when there is no report.
"""

import collections
import json
import sys

PASSED = ("PASS", "XFAIL", "FLAKYPASS")
NOT_RUN = ("UNSUPPORTED", "EXCLUDED", "SKIPPED")


def main(path):
    try:
        with open(path) as report:
            tests = json.load(report)["tests"]
    except (OSError, ValueError, KeyError) as error:
        print(f"no test report: {error}", file=sys.stderr)
        print("0 passed, 1 failed")
        return 1
    codes = collections.Counter(test["code"] for test in tests)
    passed = sum(codes[code] for code in PASSED)
    failed = sum(
        count for code, count in codes.items() if code not in PASSED + NOT_RUN
    )
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
