#!/usr/bin/env python3
"""Error rates of pronunciations: score.py REFERENCES.TSV WORDS.TXT FOUND.TXT

FOUND has a line of phones for each of WORDS. A word is right if it equals any
reference; its distance is that from the nearest reference (of several, from the
longest), and the phone error rate is the sum of distances over the sum of these
references' lengths.
"""
import sys


def distance(a, b):
    """Levenshtein's."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        diagonal, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            diagonal, row[j + 1] = row[j + 1], min(
                diagonal + (x != y), row[j] + 1, row[j + 1] + 1)
    return row[-1]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    references = {}
    for line in open(sys.argv[1], encoding="utf-8"):
        word, phones = line.rstrip("\n").split("\t")
        references.setdefault(word, []).append(phones.split())
    words = open(sys.argv[2], encoding="utf-8").read().splitlines()
    found = open(sys.argv[3], encoding="utf-8").read().splitlines()
    if len(words) != len(found):
        sys.exit(f"{sys.argv[3]} has {len(found)} lines for {len(words)} words")
    edits = length = wrong = 0
    for word, line in zip(words, found):
        best, size = min(((distance(line.split(), phones), -len(phones))
                          for phones in references[word]))
        edits += best
        length -= size
        wrong += best > 0
    print(f"PER {100 * edits / length:.2f} %  WER {100 * wrong / len(words):.2f}"
          f" %  ({len(words)} words)")


main()
