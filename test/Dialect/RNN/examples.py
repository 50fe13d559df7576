"""Parses the examples in the descriptions of ops and types.

Usage: examples.py RAVEL_OPT FILE.td ...

Every ```mlir block is a module of its own. A block that leaves something out
("…") is skipped. With an op whose description has no example this fails, too.
"""

import re
import subprocess
import sys
import textwrap

BLOCK = re.compile(r"^ *```mlir\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
OP = re.compile(r"^def RNN_\w+Op : RNN_\w+<\"(\w+)\".*?(?=^def |^class |\Z)",
                re.MULTILINE | re.DOTALL)


def main(ravel_opt, paths):
    count, failures = 0, []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for op in OP.finditer(text):
            if f"rnn.{op.group(1)} " not in "".join(BLOCK.findall(op.group(0))):
                failures.append(f"{path}: no example of rnn.{op.group(1)}")
        for block in BLOCK.finditer(text):
            example = textwrap.dedent(block.group(1))
            if "…" in example:
                continue
            line = text.count("\n", 0, block.start()) + 2
            result = subprocess.run([ravel_opt], input=example, text=True,
                                    capture_output=True, check=False)
            count += 1
            if result.returncode != 0:
                failures.append(f"{path}:{line}: {result.stderr}")
    print("\n".join(failures + [f"{count} examples, {len(failures)} failures"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
